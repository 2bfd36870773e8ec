"""The lesson of the shots judges known answers as it should."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.data import demonstrations, permuted, translated
from dl_core.interpret import shots
from dl_core.lessons.networks import few_shot
from dl_core.report import svg

LISTS = {
  few_shot.TRANSLATED: translated.lists(3, 0.5),
  few_shot.PERMUTED: permuted.lists(6, 3),
}


@functools.cache
def drawn(label):
  """Returns the data, and the batches of its test split."""
  data = demonstrations.data(LISTS[label], 8)
  return data, list(data.splits['test']())


def answering(label, said):
  """Returns one run whose answers [B, N] are said(x, y), where y are the right ones."""
  lists = LISTS[label]
  data, batches = drawn(label)
  right = {batch.x.tobytes(): batch.y[:, 1::2] for batch in batches}

  def outputs(variables, x):
    every = np.zeros((*x.shape, len(lists.words)), np.float32)
    answers = said(x, right[x.tobytes()])
    np.put_along_axis(every[:, 1::2], answers[..., None], 1, axis=2)
    return every

  experiment = SimpleNamespace(
    data=data._replace(splits={'test': lambda: batches}),
    task=SimpleNamespace(outputs=outputs),
  )
  return [SimpleNamespace(experiment=experiment, variables=lambda: None)]


@pytest.fixture
def plain_jit(monkeypatch):
  monkeypatch.setattr(shots.jax, 'jit', lambda function: function)


def reader(x, y):
  """Translates into the likeliest form, by the pairs so far."""
  known = translated.glossary()
  place = np.zeros(len(known.words), int)
  place[known.sources] = np.arange(len(known.sources))
  said = np.zeros_like(y)
  for row, answers in enumerate(y):
    alive = (x[row, 0] == known.heads) | (x[row, 0] == demonstrations.START)
    for number, token in enumerate(x[row, 1::2]):
      forms = known.forms[:, place[token]]
      values, counts = np.unique(forms[alive], return_counts=True)
      said[row, number] = values[counts.argmax()]
      alive &= forms == answers[number]
  return said


def forgetful(x, y):
  """Translates as if there were no pairs before."""
  return np.stack(
    [
      reader(np.stack([x[:, 0], x[:, 2 * number + 1]], axis=1), y[:, number, None])[
        :, 0
      ]
      for number in range(y.shape[1])
    ],
    axis=1,
  )


def guess(x, y):
  return np.full_like(y, demonstrations.START + 4)  # a capital


def perfect(x, y):
  return y


@pytest.mark.usefixtures('plain_jit')
@pytest.mark.parametrize(
  ('translation', 'permutation', 'holds'),
  [
    (reader, guess, [True, True, True]),
    (forgetful, guess, [False, False, True]),
    (guess, perfect, [False, False, False]),
    (perfect, perfect, [False, False, False]),
  ],
)
def test_recognising_and_learning_are_told_apart(translation, permutation, holds):
  results = {
    few_shot.TRANSLATED: answering(few_shot.TRANSLATED, translation),
    few_shot.PERMUTED: answering(few_shot.PERMUTED, permutation),
  }
  (picture,) = few_shot.pictures(LISTS, results)
  assert [claim.holds for claim in picture.claims] == holds
  assert 'recognised' in picture.caption
  assert svg.attempt(picture).failure == ''


@pytest.mark.usefixtures('plain_jit')
def test_one_seed_out_of_two_is_enough_to_fail():
  good = answering(few_shot.TRANSLATED, reader)
  results = {
    few_shot.TRANSLATED: good + answering(few_shot.TRANSLATED, forgetful),
    few_shot.PERMUTED: answering(few_shot.PERMUTED, guess)
    + answering(few_shot.PERMUTED, perfect),
  }
  (picture,) = few_shot.pictures(LISTS, results)
  assert not picture.claims[0].holds
  assert not picture.claims[2].holds


@pytest.mark.usefixtures('plain_jit')
def test_a_wrong_answer_is_shown_with_the_right_one():
  (run,) = answering(few_shot.PERMUTED, guess)
  found = shots.answers(run.experiment.task, None, run.experiment.data)
  text = shots.lines(LISTS[few_shot.PERMUTED].words, found)
  assert len(text) == shots.SHOWN
  for line, answer in zip(text, found.y[:, -1], strict=False):
    right = LISTS[few_shot.PERMUTED].words[answer]
    assert line.endswith('→ A' if right == 'A' else f'→ A ({right})')
