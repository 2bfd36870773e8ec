import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import activations, agreement
from dl_core.lessons.networks.activations import Activation


def test_a_wrong_slope_is_seen_and_the_claim_does_not_hold():
  wrong = Activation(jnp.tanh, activations.sigmoid_slope)
  found = agreement.measure(np.random.default_rng(0), 8, [('wrong', wrong)])
  assert all(each['wrong'] > 1e-3 for each in found.values())
  (claim,) = agreement.picture(found, 8).claims
  assert not claim.holds
