"""What batch normalisation does to a net, and what is claimed of it."""

import dataclasses
import types

import jax
import numpy as np
import pytest

from dl_core.launch import flags
from dl_core.lessons.training import normalising
from dl_core.models import mlp
from dl_core.types import UserError
from experiments import batch_norm
from tests import finish


@pytest.fixture(scope='module')
def net():
  """(kernels' scale) -> logits and gradients of a net with batch norm, training."""
  x = jax.random.normal(jax.random.key(0), (32, 6))
  model = mlp.MLP(3, (8, 8), 'tanh', batch_norm=True)
  variables = model.init(jax.random.key(1), x, train=False)

  @jax.jit
  def both(scale):
    params = dict(variables['params'])
    params['hidden_1'] = {'kernel': scale * params['hidden_1']['kernel']}

    def first(params):
      logits, _ = model.apply(
        {**variables, 'params': params}, x, train=True, mutable=['batch_stats']
      )
      # The last layer begins at 0; a random one lets gradients through.
      hidden = jax.random.normal(jax.random.key(2), logits.shape)
      return (logits * hidden).sum(), logits

    gradient, logits = jax.grad(first, has_aux=True)(params)
    return logits, gradient['hidden_1']['kernel']

  return both


def test_the_scale_of_weights_before_a_norm_changes_no_output(net):
  logits, gradient = net(1.0)
  large, smaller = net(100.0)
  np.testing.assert_allclose(large, logits, atol=1e-4)
  assert np.abs(gradient).max() > 1e-4
  np.testing.assert_allclose(100 * smaller, gradient, rtol=1e-2, atol=1e-4)


def run(accuracies, rate=0.1, steps=100):
  """A finished run of validation accuracies at every tenth step."""
  lines = [
    {'step': 10 * n, 'split': 'validation', 'accuracy': accuracy}
    for n, accuracy in enumerate(accuracies)
  ]
  lines.append({'step': steps, 'split': 'test', 'accuracy': accuracies[-1]})
  c = types.SimpleNamespace(steps=steps, learning_rate=rate)
  return types.SimpleNamespace(lines=lines, experiment=types.SimpleNamespace(config=c))


SLOW, FAST, NEVER = run([0.1, 0.5, 0.96]), run([0.1, 0.96, 0.96]), run([0.1, 0.1, 0.1])


def test_a_net_that_gets_there_sooner_is_said_to_and_no_other_is():
  sweep = {0.1: [[SLOW] * 2, [FAST] * 2], 1.0: [[NEVER] * 2, [FAST] * 2]}
  picture = normalising.soonest(sweep, 0.95)
  assert [claim.holds for claim in picture.claims] == [True, True]
  assert '10 ± 0 steps against 20 ± 0, 2.0 times fewer' in picture.claims[0].measured
  assert picture.draw().axes
  # The ratio is one of means: 20 and 10 steps against 10 and 10.
  mixed = {0.1: [[SLOW, FAST], [FAST, FAST]], 1.0: [[NEVER] * 2, [FAST] * 2]}
  claim, _ = normalising.soonest(mixed, 0.95).claims
  assert '10 ± 0 steps against 15 ± 7.07, 1.5 times fewer' in claim.measured
  late = run([0.1] * 9 + [0.96])
  mixed = {0.1: [[SLOW, late], [FAST, SLOW]], 1.0: [[NEVER] * 2, [FAST, SLOW]]}
  claim, _ = normalising.soonest(mixed, 0.95).claims
  assert '3.7 times fewer' in claim.measured  # 110 / 30; the mean of ratios is 3.25
  never, _ = normalising.soonest({1.0: [[NEVER] * 2, [FAST] * 2]}, 0.95).claims
  assert never.holds
  assert 'times fewer' not in never.measured
  one = {0.1: [[SLOW, FAST], [FAST, SLOW]], 1.0: [[FAST] * 2, [NEVER] * 2]}
  claims = normalising.soonest(one, 0.95).claims
  assert [claim.holds for claim in claims] == [False, False]


def test_a_net_that_learns_from_any_scale_is_said_to_and_no_other_is():
  sweep = {0.01: [[NEVER] * 2, [FAST] * 2], 1.0: [[FAST] * 2, [FAST] * 2]}
  picture = normalising.scales(sweep)
  assert [claim.holds for claim in picture.claims] == [True, True]
  assert picture.draw().axes
  other = {scale: pair[::-1] for scale, pair in sweep.items()}
  assert not any(claim.holds for claim in normalising.scales(other).claims)


def test_a_deep_net_that_learns_with_batch_norm_alone_is_said_to_and_no_other_is():
  plain, norm = [NEVER] * 2, [FAST] * 2
  picture = normalising.deep([plain, norm])
  assert [claim.holds for claim in picture.claims] == [True]
  assert picture.draw().axes
  assert not normalising.deep([norm, plain]).claims[0].holds
  assert not normalising.deep([[NEVER, FAST], norm]).claims[0].holds


def test_every_sweep_has_each_net_without_and_with_batch_norm():
  study = batch_norm.study(batch_norm.Config(rates=(0.1, 1.0), scales=(1.0, 10.0)))
  own = [c for _, c in study.runs.values()]
  assert len(own) == 8  # rate 0.1 and scale 1 are the same runs
  assert sum(c.batch_norm for c in own) == 4
  for c in own:
    assert dataclasses.replace(c, batch_norm=not c.batch_norm) in own
  with pytest.raises(
    UserError, match=r'--rates=fast was given, finite numbers of at least 1e-06'
  ):
    flags.parse(batch_norm.Config, {}, ['', '--rates=fast'])
  with pytest.raises(UserError, match=r'--parts=luck was given, some of rates, scales'):
    flags.parse(batch_norm.Config, {}, ['', '--parts=luck'])


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  held = finish.claimed(batch_norm.study(batch_norm.Config(data_dir=digits_dir)))
  assert len(held) == 5
  assert all(held.values()), held
