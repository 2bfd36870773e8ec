"""The network of the adding problem agrees with its peer."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import recurrent_regressor
from experiments import adding_problem
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.adding_problem')


@pytest.mark.parametrize('cell', ['lstm', 'gru', 'rnn', 'rnn_relu'])
def test_losses_and_gradients_agree(cell):
  c = adding_problem.Config(cell=cell, layers=2, hidden=12, length=10, batch_size=8)
  e = adding_problem.build(c)
  batch = e.data.take((), jax.random.key(0), 0)
  params = e.task.init(jax.random.key(1), batch)['params']
  (loss,) = e.task.losses
  graded = jax.jit(jax.value_and_grad(lambda p: loss(p, {}, batch, None)[0]))
  value, gradient = graded(params)

  twin = peers.peer(c, e.data.spec)
  agree.filled(twin.module, peers.carried(params))
  theirs = twin.turns[0].loss(*twin.tensors(batch))
  theirs.backward()
  assert float(value) == pytest.approx(float(theirs.detach()), rel=1e-5)
  found = peers.carried(gradient)
  for (name, parameter), ours in zip(
    twin.module.named_parameters(), found, strict=True
  ):
    if 'bias_hh' not in name:
      agree.assert_close(ours, parameter.grad)
    elif np.any(ours):  # of a GRU's candidate
      agree.assert_close(ours, np.where(ours == 0, 0, parameter.grad))


def test_the_answer_is_made_of_the_last_state_alone():
  model = recurrent_regressor.RecurrentRegressor('gru', 1, 5)
  x = jnp.ones((2, 7, 2))
  variables = model.init(jax.random.key(0), x, train=False)
  assert model.apply(variables, x, train=False).shape == (2,)
