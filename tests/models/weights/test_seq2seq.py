"""Sequence to sequence in files of PyTorch: every array has a name, and comes back."""

import jax
import numpy as np
import pytest

from dl_core import trees
from dl_core.models import seq2seq
from dl_core.models.weights import exchange
from dl_core.models.weights import seq2seq as weights

MODELS = [
  {'attention': 'none', 'layers': 2, 'embedding': 5},
  {'attention': 'dot', 'bidirectional': True},
  {'attention': 'additive', 'bidirectional': True, 'cell': 'gru', 'embedding': 5},
]


@pytest.mark.parametrize('settings', MODELS, ids=lambda each: each['attention'])
def test_what_is_written_is_read_again(settings):
  model = seq2seq.Seq2Seq(11, 13, hidden=8, **settings)
  x = {
    'source': np.zeros((1, 3), np.int32),
    'lengths': np.array([3]),
    'target': np.zeros((1, 2), np.int32),
  }
  variables = model.init(jax.random.key(0), x, train=False)
  keys = iter(jax.random.split(jax.random.key(1), 99))
  draw = lambda leaf: np.asarray(jax.random.normal(next(keys), leaf.shape))
  variables = jax.tree.map(draw, variables)
  names = weights.names(model)
  arrays = exchange.given(variables, names)
  if settings['attention'] == 'none':  # as bentrevett's first network has them
    recurrent = {
      f'{side}.rnn.{kind}_l{layer}'
      for side in ('encoder', 'decoder')
      for kind in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
      for layer in range(2)
    }
    others = {'encoder.embedding.weight', 'decoder.embedding.weight'}
    assert arrays.keys() == recurrent | others | {
      'decoder.fc_out.weight', 'decoder.fc_out.bias',
    }  # fmt: skip
    assert arrays['encoder.rnn.weight_ih_l0'].shape == (32, 5)
    assert arrays['decoder.fc_out.weight'].shape == (13, 8)
  flat = trees.flatten(variables)
  found = exchange.taken('a file', arrays, names, flat)
  assert found.leaves.keys() == flat.keys()
  for name, leaf in flat.items():
    np.testing.assert_array_equal(found.leaves[name], leaf)
