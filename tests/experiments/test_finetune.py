"""A pretrained run begins a classifier: its vocabulary, its parameters, its head."""

import json
import re

import jax
import numpy as np
import pytest

from dl_core import launch
from dl_core.train import log
from experiments import bert, finetune, gpt

SHAPE = ('--dataset=folder', '--steps=2', '--batch_size=8', '--dropout=0')
GPT = ('--size=nano', '--positions=32')


def lines(words, pair=False):
  """Returns texts, or pairs of them, and their classes as lines of a table."""
  found = []
  for n in range(60):
    more = f'\t{words[0]} {n % 3}' if pair else ''
    found.append(f'{"so " * (n % 5)}{words[1]}{more}\tpraise')
    found.append(f'{"so " * (n % 4)}{words[2]}{more}\tblame')
  return '\n'.join(found)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
  folder = tmp_path_factory.mktemp('finetune')
  (folder / 'one.tsv').write_text(lines(('film', 'good', 'bad')))
  (folder / 'two.tsv').write_text(lines(('film', 'good', 'bad'), pair=True))
  (folder / 'other.tsv').write_text(lines(('zoo', 'lion', 'gnu')))
  return folder


def run(module, name, place, table, workdir, *words):
  where = (f'--data_dir={place / table}', f'--workdir={place / workdir}')
  return launch.run(module, name, ['x', *SHAPE, *where, *words])


@pytest.fixture(scope='module')
def pretrained(place):
  """The workdir of a BERT on the texts of a table."""
  words = ('--without_next', '--longest=8', '--pieces=60')
  assert run(bert, 'bert', place, 'one.tsv', 'bert', *words) == 0
  return place / 'bert'


def tune(place, table, workdir, *words):
  return run(finetune, 'finetune', place, table, workdir, '--longest=8', *words)


def test_labelled_texts_want_without_next(place, capsys):
  assert run(bert, 'bert', place, 'one.tsv', 'refused', '--longest=8') == 2
  assert 'add --without_next' in capsys.readouterr().err


def test_the_body_of_a_run_is_taken_with_its_vocabulary_and_the_head_begins_anew(
  place, pretrained, capsys
):
  words = (f'--init_from={pretrained}', '--freeze=backbone', '--labels=20')
  assert tune(place, 'one.tsv', 'frozen', *words) == 0
  said = capsys.readouterr().out
  assert re.search(rf'parameters of {pretrained}, step 2; words, .* were taken', said)
  assert 'and output begins anew' in said
  digest = lambda folder: json.loads((folder / 'vocabulary.json').read_text())['digest']
  assert digest(place / 'frozen') == digest(pretrained)
  notes = json.loads((place / 'frozen' / 'manifest.json').read_text())
  assert 'Of each class 20 training examples' in str(notes)
  assert log.tested(place / 'frozen')


def test_a_run_with_another_vocabulary_is_refused(place, pretrained, capsys):
  words = (f'--init_from={pretrained}', '--vocabulary=wordpiece', '--pieces=60')
  assert tune(place, 'other.tsv', 'wrong', *words) == 2
  assert 'a run with the vocabulary' in capsys.readouterr().err


def test_a_pair_is_answered_by_gpt_without_its_data(place, capsys):
  words = (*GPT, '--vocabulary=bpe', '--pieces=270', '--steps=40', '--warmup=0')
  assert tune(place, 'two.tsv', 'pairs', *words) == 0
  table = (place / 'two.tsv').read_text()
  (place / 'two.tsv').unlink()
  asked = ['x', f'--workdir={place / "pairs"}', '--predict=so good\tfilm 1']
  assert launch.run(finetune, 'finetune', asked) == 0
  (place / 'two.tsv').write_text(table)
  assert re.search(r'(praise|blame) \d+\.\d%', capsys.readouterr().out)


def test_a_gpt_of_the_same_window_is_taken(place, capsys):
  words = ('--vocabulary=bpe', '--pieces=270', '--window=32')
  text = ['x', '--dataset=text', *SHAPE[1:], f'--data_dir={place / "one.tsv"}']
  assert launch.run(gpt, 'gpt', [*text, *words, f'--workdir={place / "gpt"}']) == 0
  assert tune(place, 'one.tsv', 'from-gpt', *GPT, f'--init_from={place / "gpt"}') == 0
  said = capsys.readouterr().out
  assert 'embedding, positions, stack were taken, and new, output begin anew' in said


@pytest.mark.parametrize(
  ('words', 'told'),
  [
    (('--positions=4',), 'the network has 4 positions'),
    (('--vocabulary=characters',), r'has no \[CLS\] and \[SEP\]'),
    (('--size=gpt2', '--pieces=60000', '--vocabulary=bpe'), 'which has 50,257 tokens'),
    (('--freeze=backbone',), 'without --init_from'),
  ],
)
def test_settings_that_do_not_fit_are_refused(place, capsys, words, told):
  assert tune(place, 'one.tsv', 'refused', *words) == 2
  assert re.search(told, capsys.readouterr().err)


def test_labels_are_drawn_of_each_class_and_by_the_draw_alone(place):
  def texts(draw, seed=0):
    c = finetune.Config(
      dataset='folder', data_dir=str(place / 'one.tsv'), pieces=60, batch_size=8,
      longest=8, labels=5, draw=draw, seed=seed,
    )  # fmt: skip
    (batch,) = finetune.build(c).data.splits['train']()
    assert np.bincount(batch.y[batch.weight > 0]).tolist() == [5, 5]
    return batch

  same = jax.tree.map(np.array_equal, texts(0), texts(0, seed=1))
  assert all(jax.tree.leaves(same))
  other = jax.tree.map(np.array_equal, texts(0), texts(1))
  assert not all(jax.tree.leaves(other))
