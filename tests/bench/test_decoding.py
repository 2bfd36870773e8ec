"""Writing is timed: as many tokens as are wanted, beside the loop of the peer."""

import contextlib
import dataclasses
import json
import types

import jax
import jax.numpy as jnp
import pytest

from dl_core import launch
from dl_core.bench import decoding, rounds, settings
from dl_core.types import Decode
from experiments import benchmark as command
from experiments import char_lm, perceptron, seq2seq


def called(*words):
  return launch.command(settings.Settings, command.__doc__, ['', *words], command.main)


@pytest.fixture
def small(monkeypatch):
  """Makes the benchmark of seq2seq a small one that needs no data."""
  monkeypatch.setattr(seq2seq, 'BENCH', seq2seq.TINY)


def test_a_row_counts_the_tokens_of_all_texts(small, tmp_path):
  path = tmp_path / 'rows.json'
  words = ('--experiments=seq2seq', '--decoding=batch', '--batch_sizes=3')
  assert called(*words, '--rounds=2', f'--json={path}') == 0
  (row,) = json.loads(path.read_text())
  assert row['experiment'] == 'seq2seq decoding, batch'
  assert row['batch_size'] == 3
  each = 3 * seq2seq.TINY.longest[0] / (row['step_ms'] / 1e3)
  assert row['tokens_per_second'] == pytest.approx(each, rel=1e-4)
  assert row['peer'] is None


def test_the_peer_gets_the_loop_and_the_same_texts(small, monkeypatch):
  seen = []

  @contextlib.contextmanager
  def started(name, c, spec, batch, *, loop, **how):
    seen.append((name, loop, batch.x['source'].shape))
    yield types.SimpleNamespace(
      version='2', variants={'eager': 1.0}, failures={}, run=lambda variant, n: n * 30.0
    )

  monkeypatch.setattr(rounds.process, 'started', started)
  c = dataclasses.replace(seq2seq.TINY, batch_size=5)
  row = decoding.measured('single', 'seq2seq', seq2seq.build(c), True, 2, print)
  assert seen == [('seq2seq', 'single', (5, seq2seq.TINY.longest[0]))]
  assert row['peer_ms'] == pytest.approx(30_000)
  assert row['ratio'] > 1


def test_no_text_ends_before_its_last_token_and_all_products_are_counted():
  """A model that always writes token 1, which would be its stop token."""
  c = dataclasses.replace(seq2seq.TINY, batch_size=4)
  e, reads = seq2seq.build(c), []

  def advance(variables, state, tokens, last=False):
    jax.debug.callback(lambda: reads.append(1))
    dot = jnp.ones((len(tokens), 7)) @ jnp.ones((7, 3))
    logits = dot * jnp.array([[0.0, 1.0, 0.0]])
    return state, logits if last else logits[:, None]

  decode = Decode(lambda variables, x, length: jnp.zeros(len(x['source'])), advance)
  e = e._replace(task=e.task._replace(decode=decode))
  batch = decoding.generated.batch(e.data, jax.random.key(0))
  found = decoding.ours(e, batch)
  found.run(1)
  jax.effects_barrier()
  of = decoding.count(e)
  assert of == seq2seq.TINY.longest[0]
  assert len(reads) == 1 + of
  assert found.flops == (1 + of) * 2 * 4 * 7 * 3


def test_texts_are_answered_by_the_thousand_and_continued_one_by_one():
  s = settings.Settings(decoding=('single', 'batch'))
  assert list(settings.variants(seq2seq.BENCH, s)) == [
    {'batch_size': 1_000, 'loop': loop} for loop in ('single', 'batch')
  ]
  assert next(settings.variants(char_lm.BENCH, s))['batch_size'] == 1
  assert char_lm.BENCH.length == 1_000


@pytest.mark.parametrize(
  ('words', 'sentence'),
  [
    (('--experiments=seq2seq,perceptron',), 'but perceptron writes no texts'),
    (('--mesh=data:1',), 'texts are written on one device in float32'),
    (('--precision=bfloat16',), 'texts are written on one device in float32'),
  ],
)
def test_what_writes_no_texts_is_refused(words, sentence, capsys):
  assert called('--decoding=single', *words) == 2
  error = capsys.readouterr().err
  assert sentence in error
  assert error.count('\n') == 1


def test_all_are_those_that_write_texts():
  names = command.chosen(settings.Settings(decoding=('single',)))
  assert {'char_lm', 'seq2seq'} <= set(names)
  assert 'perceptron' not in names
  assert not decoding.writes(perceptron.BENCH)
