"""Translations of two domains are measured with classes and partners, and without."""

import types

import numpy as np
import pytest

from dl_core.data import unpaired as domains
from dl_core.interpret import image_translations, unpaired
from dl_core.types import Batch, Data, Spec

SCORES = {'fooled', 'fooled_before'}
OF_PAIRS = {'class_kept', 'class_before', 'class_truth', 'error', 'inverted'}
BRIGHT = np.array([-0.8, -0.6, 0.6], np.float32)


def judge(number):
  """A judge that sees a class in bright images and another in dark ones."""
  name = lambda images: types.SimpleNamespace(said=number(np.mean(images, (1, 2, 3))))
  return types.SimpleNamespace(name=name)


def judges(classes):
  domain = judge(lambda mean: (mean > 0).astype(int))
  named = judge(lambda mean: np.rint(10 * np.abs(mean)).astype(int))
  return unpaired.Judges(dict.fromkeys(domains.SIDES, named) if classes else {}, domain)


@pytest.fixture
def found():
  """Three images, their negatives as translations, two of them as they should be."""
  given = np.broadcast_to(BRIGHT[:, None, None, None], (3, 4, 4, 3))
  truth = np.concatenate([-given[:2], given[2:]])
  return unpaired.Translated(given, -given, truth, np.array([8, 6, 5]))


@pytest.mark.parametrize('classes', [True, False])
def test_without_classes_only_the_look_is_scored(classes, found):
  scored = unpaired.figures(found, judges(classes), 'there')
  names = SCORES | OF_PAIRS if classes else SCORES
  assert scored.keys() == {f'{name}_there' for name in names}
  assert scored['fooled_there'] == pytest.approx(2 / 3)
  assert scored['fooled_before_there'] == pytest.approx(1 / 3)
  assert next(iter(scored)) == f'{"class_kept" if classes else "fooled"}_there'
  if classes:
    assert scored['class_kept_there'] == pytest.approx(2 / 3)
    assert scored['inverted_there'] == pytest.approx(1 / 3)
    assert scored['error_there'] == pytest.approx(1.2 / 2.8)


def test_all_test_images_of_a_domain_are_translated_and_no_padding():
  x = {
    'first': np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1),
    'second': np.arange(10, 14, dtype=np.float32).reshape(4, 1, 1, 1),
  }
  y = dict.fromkeys(x, np.zeros(4, np.int32))
  weight = {'first': np.array([1, 0, 0, 0]), 'second': np.array([1, 1, 1, 0])}
  data = types.SimpleNamespace(splits={'test': lambda: iter([Batch(x, y, weight)])})
  run = lambda variables, images: -images
  for way, made in {'there': [0], 'back': [-10, -11, -12]}.items():
    assert unpaired.translated(run, {}, data, way).made.ravel().tolist() == made


@pytest.mark.parametrize('classes', [True, False])
def test_the_report_says_what_is_not_measured(classes, found, monkeypatch):
  monkeypatch.setattr(
    image_translations.cycle, 'translator', lambda *_: lambda variables, x: -x
  )
  monkeypatch.setattr(image_translations, 'translated', lambda *_: found)
  report = image_translations.report(None, judges(classes))
  *sides, judged = report({}, {}, None, None)
  said = ' '.join(each.caption for each in (*sides, judged))
  assert ('is not measured' in said) != classes
  assert ('truth' in sides[0].caption) == classes
  assert [len(each.claims) for each in (*sides, judged)] == (
    [1, 1, 2] if classes else [0, 0, 1]
  )
  rows = [axes.get_ylabel() for axes in sides[0].draw().axes if axes.get_ylabel()]
  truth = ['truth'] if classes else []
  assert rows == ['image', 'translation', *truth, 'and back']
  assert len(judged.draw().axes) == 1 + classes


def test_each_judge_learns_from_the_images_of_its_own_domain(monkeypatch):
  x = {'first': np.zeros((2, 4, 4, 1)), 'second': np.ones((2, 4, 4, 1))}
  ones = dict.fromkeys(x, np.ones(2))
  spec = Spec(Batch(x, dict.fromkeys(x, np.zeros(2, int)), ones), 'two', ('a', 'b'))
  batch = lambda: iter([spec.batch])
  data = Data(spec, lambda key, step: (), lambda *_: spec.batch, {'train': batch})
  read = lambda data, steps: np.mean(next(iter(data.splits['train']())).x)
  monkeypatch.setattr(unpaired.judge, 'make', read)
  made = unpaired.judges(data, 1)
  assert made.classes == {'first': 0, 'second': 1}
  assert made.domains == 0.5


def test_a_class_is_kept_only_if_it_is_so_both_ways():
  found = dict.fromkeys(
    (f'{score}_{way}' for score in SCORES | OF_PAIRS for way in unpaired.WAYS), 1.0
  )
  for way in unpaired.WAYS:
    for score in ('class_kept', 'fooled'):
      picture = image_translations.judged(found | {f'{score}_{way}': 0.0})
      holds = [claim.holds for claim in picture.claims]
      assert holds == [score != 'class_kept', score != 'fooled']
