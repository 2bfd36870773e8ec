"""What the benchmark of decoding times writes the same tokens in PyTorch."""

import dataclasses
import importlib

import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.data import generated
from dl_core.tasks import decode
from experiments import char_lm, seq2seq
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
writing = importlib.import_module('dl_core.bench.peers.writing')

COPIES = {'hidden': 8, 'longest': (6, 9), 'batch_size': 5}
CASES = {
  'dot': (seq2seq, COPIES),
  'none, gru': (seq2seq, COPIES | {'attention': 'none', 'cell': 'gru'}),
  'additive': (seq2seq, COPIES | {'attention': 'additive', 'layers': 2}),
  'language': (char_lm, {'hidden': 8, 'window': 4, 'batch_size': 2, 'length': 9}),
}


@pytest.mark.parametrize('loop', writing.LOOPS)
@pytest.mark.parametrize('name', CASES)
def test_the_likeliest_tokens_are_the_same(name, loop, prose):
  module, changes = CASES[name]
  where = {'dataset': 'text', 'data_dir': prose} if module is char_lm else {}
  c = dataclasses.replace(module.TINY, **changes, **where)
  e = module.build(c)
  state = train.init_state(e, jax.random.key(0))
  keys = iter(jax.random.split(jax.random.key(1), len(jax.tree.leaves(state.params))))
  move = lambda leaf: leaf + jax.random.normal(next(keys), leaf.shape)
  params = jax.tree.map(move, state.params)
  x = generated.batch(e.data, jax.random.key(2)).x
  given = {'x': x} if module is seq2seq else {}
  prompt, count = np.zeros((c.batch_size, 1), np.int32), 9
  ours = decode.generate(
    e.task.decode, {'params': params}, prompt, count, jax.random.key(0), 0.0, **given
  )
  peers = importlib.import_module(f'dl_core.bench.peers.{module.__name__[12:]}')
  writer = peers.writer(c, e.data.spec)._replace(draws=False)
  assert writer.length == count
  agree.filled(writer.module, peers.carried(params))
  write = writing.make_loop(writer, 'eager', loop)
  tensors = writer.tensors(x)
  np.testing.assert_array_equal(write(tensors), ours)
  assert len({tuple(row) for row in np.asarray(ours)}) > 1 or module is char_lm


def test_only_a_part_of_the_single_texts_is_timed():
  tensors = [torch.arange(100), torch.zeros(100, 3)]
  assert [len(one) for one in writing.part(tensors, 'single')] == [writing.PART] * 2
  assert [len(one) for one in writing.part(tensors, 'batch')] == [100, 100]
  assert [len(one) for one in writing.part([torch.arange(1)], 'single')] == [1]
