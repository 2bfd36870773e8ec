import numpy as np
import pytest

from dl_core.lessons.networks import depth


def stacks(straight, scaled, layers=5):
  """Norms as they would be if every layer let the same share through."""
  back = np.arange(layers - 1, -1, -1.0)
  return {
    weights: {
      name: np.tile(share**back, (2, 1))
      for name, share in zip(depth.COLOURS, shares, strict=True)
    }
    for weights, shares in ((depth.ORTHOGONAL, straight), (depth.SCALED, scaled))
  }


@pytest.mark.parametrize(
  ('straight', 'scaled', 'held'),
  [
    ((0.24, 0.9, 0.7), (0.23, 0.9, 1.0), [1, 1, 1, 1]),
    ((0.26, 0.9, 0.7), (0.23, 0.9, 1.0), [0, 1, 1, 1]),
    ((0.24, 1.1, 0.7), (0.23, 0.9, 1.2), [1, 0, 0, 1]),
    ((0.24, 0.9, 0.2), (0.5, 0.9, 0.8), [1, 0, 0, 0]),
    ((0.24, 0.9, 0.7), (0.23, 0.5, 1.0), [1, 1, 1, 0]),
  ],
)  # the shares of sigmoid, tanh and ReLU layers
def test_a_claim_of_depth_holds_where_the_norms_bear_it_out(straight, scaled, held):
  claims = depth.claims(stacks(straight, scaled))
  assert [claim.holds for claim in claims] == list(map(bool, held))


def test_all_of_the_error_is_sent_back_through_an_identity():
  draw = np.random.default_rng(0).standard_normal((4, 8, 8), np.float32)
  weights, x = depth.orthogonal(draw), draw[0, 0]
  np.testing.assert_allclose(
    np.einsum('lij,lkj->lik', weights, weights), np.stack([np.eye(8)] * 4), atol=1e-5
  )
  kept = depth.norms(depth.activations.ACTIVATIONS['identity'], weights, x, x)
  np.testing.assert_allclose(kept, np.linalg.norm(x), rtol=1e-5)


def test_norms_are_those_of_a_stack_in_numpy():
  random = np.random.default_rng(0)
  weights, x, error = (random.normal(size=shape) for shape in ((3, 4, 4), 4, 4))
  a, z = x, []
  for w in weights:
    z.append(w @ a)
    a = np.tanh(z[-1])
  delta, expected = error, [np.linalg.norm(error)]
  for l in (2, 1):  # noqa: E741
    delta = weights[l].T @ delta * (1 - np.tanh(z[l - 1]) ** 2)
    expected.append(np.linalg.norm(delta))
  tanh = depth.activations.ACTIVATIONS['tanh']
  ours = depth.norms(tanh, *map(np.float32, (weights, x, error)))
  np.testing.assert_allclose(ours, expected[::-1], rtol=1e-4)
