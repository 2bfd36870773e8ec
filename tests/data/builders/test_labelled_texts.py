"""Builders of labelled texts: names in languages, and phrases of film reviews."""

import collections

import numpy as np
import pytest

from dl_core.data import cldr, sources
from dl_core.data.builders.languages import languages_dataset_builder as languages
from dl_core.data.builders.sst2 import sst2_dataset_builder as sst2
from dl_core.types import UserError


@pytest.fixture(scope='module')
def named():
  return languages.own()


def test_a_name_is_of_one_language_and_short_enough(named):
  count = collections.Counter(
    name for names in named.values() for name in set(names.values())
  )
  assert set(count.values()) == {1}
  assert all(3 <= len(name) <= 24 for name in count)
  assert all(set(name) <= set(languages.ALPHABET) for name in count)
  assert named['de']['territory', 'DE'] == 'deutschland'
  assert 'germania' not in named['it'].values()  # Romanian has it too
  assert cldr.lower('tr', 'IRAK İsveç') == 'ırak isveç'


def test_no_concept_is_in_two_splits(named):
  found = languages.divided(named)
  where = collections.defaultdict(set)
  concepts = {
    (label, name): concept
    for label, names in enumerate(named.values())
    for concept, name in names.items()
  }
  for split, rows in found.items():
    assert len(rows) == len(set(rows)) == languages.Builder.COUNTS[split]
    counts = np.bincount([label for _, label in rows])
    assert set(counts) == {languages.EACH[split]}
    for name, label in rows:
      where[concepts[label, name]].add(split)
  # A concept whose name another concept has, too, was placed by the other one.
  torn = [concept for concept, splits in where.items() if len(splits) > 1]
  assert len(torn) < 0.02 * len(where)
  assert languages.divided(named) == found


def test_too_few_names_are_refused(named):
  few = named | {'en': dict(list(named['en'].items())[:400])}
  with pytest.raises(
    UserError, match=r"too few names for the (train|validation) split.*'en'"
  ):
    languages.divided(few)


def test_the_set_is_prepared_as_it_declares(tmp_path):
  declared = sources.declare('languages', str(tmp_path))
  assert declared.vocabulary == languages.ALPHABET
  found = sources.prepare(declared)
  assert found.counts == languages.Builder.COUNTS == declared.counts
  assert found.features['label'].names[1] == 'German'
  rows = list(sources.examples(found, 'test'))
  assert len({row['label'] for row in rows}) == 16


TREE = [
  'a good film', 'good film', 'good', 'a', 'film', 'not a good film at all',
  'a bad plot', 'bad plot', 'plot', 'bad', 'nothing new here', 'new', 'good',
]  # fmt: skip


def test_what_a_chosen_phrase_contains_is_chosen_too(monkeypatch):
  monkeypatch.setattr(sst2, 'VALIDATION', 0.2)
  chosen = sst2.carved(TREE)
  assert 0.2 * len(TREE) <= chosen.sum() < len(TREE)
  kept = [phrase for phrase, own in zip(TREE, chosen, strict=True) if own]
  left = [phrase for phrase, own in zip(TREE, chosen, strict=True) if not own]
  assert not set(kept) & set(left)  # both of one text go together
  for whole in kept:
    for part in sst2.parts(tuple(whole.split())):
      assert ' '.join(part) not in left
  # No phrase that is left contains a whole one that was chosen.
  outermost = [
    phrase
    for phrase in kept
    if not any(f' {phrase} ' in f' {other} ' for other in kept if other != phrase)
  ]
  for whole in outermost:
    assert not any(f' {whole} ' in f' {phrase} ' for phrase in left)


def test_the_published_files_are_read_and_carved(test_data, tmp_path):
  manual = tmp_path / 'downloads' / 'manual' / 'sst2'
  manual.mkdir(parents=True)
  for name in ('train.tsv', 'dev.tsv'):
    (manual / name).write_bytes((test_data / 'sst2' / name).read_bytes())
  found = sources.prepare(sources.declare('sst2', str(tmp_path)))
  assert found.counts == sst2.Builder.COUNTS
  first = next(iter(sources.examples(found, 'test')))
  assert first['text'].startswith(b"it 's a charming and often affecting journey")
  assert first['label'] == 1
