import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core import optimizers


def test_the_average_is_that_of_the_parameters_after_each_update():
  chain = optax.chain(optax.sgd(1.0), optimizers.average(0.5))
  params = {'w': jnp.array([4.0, 0.0])}
  state = chain.init(params)
  by_hand = np.array([4.0, 0.0])
  for t in range(30):
    updates, state = chain.update({'w': jnp.ones(2)}, state, params)
    params = optax.apply_updates(params, updates)
    kept = min(0.5, (1 + t) / (10 + t))
    by_hand = kept * by_hand + (1 - kept) * np.asarray(params['w'])
    np.testing.assert_allclose(optax.tree.get(state, 'average')['w'], by_hand, 1e-6)
  assert params['w'][0] == -26  # the updates themselves are as they were


def test_an_average_that_is_given_no_parameters_says_so():
  average = optimizers.average(0.5)
  state = average.init({'w': jnp.zeros(1)})
  with pytest.raises(AssertionError, match='needs the parameters'):
    average.update({'w': jnp.zeros(1)}, state)
