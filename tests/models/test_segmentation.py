"""Networks that say the class of every pixel: where their outputs lie in the image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import fcn, unet


@pytest.mark.parametrize(
  ('stride', 'wanted'), [(32, [19]), (16, [5, 27]), (8, [5, 9, 31])]
)
def test_the_computed_crops_are_those_of_the_paper(stride, wanted, monkeypatch):
  found, aligned = [], fcn.aligned

  def noted(a, b, ahead):
    found.append(abs(ahead))
    return aligned(a, b, ahead)

  monkeypatch.setattr(fcn, 'aligned', noted)
  model = fcn.FCN(3, stride, width=1)
  x = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
  jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), x)
  assert found == wanted


def filled(model, x):
  """Variables of a network whose scores are no longer 0; its biases are."""

  def drawn(path, leaf):
    if 'score' not in jax.tree_util.keystr(path) or leaf.ndim == 1:
      return leaf
    return jax.random.normal(jax.random.key(1), leaf.shape)

  variables = jax.jit(lambda x: model.init(jax.random.key(0), x, train=False))(x)
  return jax.tree_util.tree_map_with_path(drawn, variables)


def assert_close(found, wanted):
  scale = np.abs(wanted).max()
  assert scale > 1e-3
  np.testing.assert_allclose(found / scale, wanted / scale, atol=1e-5)


@pytest.mark.parametrize(
  ('kind', 'stride'), [('paper', 32), ('paper', 8), ('small', 8)]
)
def test_an_image_moved_by_32_pixels_moves_its_scores_as_far(kind, stride):
  model = fcn.small(3, stride, 2)
  if kind == 'paper':
    model = fcn.FCN(3, stride, (1, 1, 1, 1, 1), width=2, hidden=4, side=3)
  x = np.zeros((1, 384, 32, 1), np.float32)
  x[:, 160:192] = np.random.default_rng(0).normal(size=(1, 32, 32, 1))
  variables = filled(model, x)
  say = jax.jit(lambda x: model.apply(variables, x, train=False))
  one, other = say(x), say(np.roll(x, 32, axis=1))
  assert_close(np.roll(one, 32, axis=1)[:, 96:288], other[:, 96:288])


def test_the_scores_of_a_mirrored_image_are_mirrored_for_mirrored_kernels():
  # All maps are aligned with the image: nothing lies half a stride aside.
  model = fcn.small(2, 8, 1)
  x = jax.random.normal(jax.random.key(0), (1, 32, 64, 1))
  mirrored = jax.tree.map(
    lambda leaf: leaf + leaf[:, ::-1] if leaf.ndim == 4 else leaf, filled(model, x)
  )
  say = jax.jit(lambda x: model.apply(mirrored, x, train=False))
  assert_close(say(x)[:, :, ::-1], say(x[:, :, ::-1]))


def test_an_image_of_any_size_has_as_many_scores():
  for model, sides in (
    (fcn.small(2, 8, 1), (37, 70)),
    (fcn.FCN(2, 8, width=1), (9, 50)),
  ):
    x = jax.ShapeDtypeStruct((1, *sides, 3), jnp.float32)
    found = jax.eval_shape(
      lambda x, model=model: model.init_with_output(jax.random.key(0), x, train=False),
      x,
    )
    assert found[0].shape == (1, *sides, 2)


def valid(side, levels):
  """The sides of a U-Net's maps, counted layer by layer; None where it has none."""
  for level in range(levels):
    if level:
      if side % 2:
        return None
      side //= 2
    side -= 4
    if side <= 0:
      return None
  for _ in range(levels - 1):
    side = 2 * side - 4
  return side if side > 0 else None


@pytest.mark.parametrize('levels', [2, 3, 5])
def test_the_sides_that_fit_a_u_net_are_those_of_which_an_output_is_left(levels):
  fitting = [side for side in range(1, 300) if valid(side, levels)]
  assert [side for side in range(1, 300) if unet.fits(side, levels)] == fitting
  for side in range(1, 280):
    near = unet.nearest(side, levels)
    below = [each for each in fitting if each <= side][-1:]
    above = [each for each in fitting if each >= side][:1]
    assert list(near) == sorted({*below, *above})
  for side in fitting[:9]:
    assert valid(side, levels) == side - unet.margin(levels)


def test_a_u_net_refuses_what_does_not_fit():
  model = unet.UNet(2, 2, 1, padded=True)
  assert unet.nearest(7, 4, True) == (8,)
  assert unet.nearest(70, 4, True) == (64, 72)
  with pytest.raises(ValueError, match='15 pixels a side do not fit'):
    model.init(jax.random.key(0), jnp.zeros((1, 16, 15, 1)), train=False)
