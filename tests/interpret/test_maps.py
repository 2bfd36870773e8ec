"""Maps of the evidence for a class are what their definitions say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.interpret import cam, localised, occlusion, saliency
from dl_core.models import alexnet, averaged, googlenet, lenet, mlp, resnet, vgg, vit

RANDOM = np.random.default_rng(0)


def trained(model, side=32, channels=3):
  """Returns variables that are no longer those of the start, and two images."""
  x = RANDOM.normal(size=(2, side, side, channels)).astype(np.float32)
  variables = model.init(jax.random.key(0), x, train=False)
  drawn = lambda leaf: leaf + 0.1 * np.abs(RANDOM.normal(size=leaf.shape))
  return jax.tree.map(lambda leaf: drawn(leaf).astype(np.float32), variables), x


GAP = {
  'averaged': averaged.Averaged(4, (4, 5), 2),
  'resnet': resnet.cifar(8, width=2, classes=4),
  'googlenet': googlenet.GoogLeNet(4, 'bn', width=0.02),
}


SLOW = pytest.param('googlenet', marks=pytest.mark.slow)  # compiles for long


@pytest.mark.parametrize('name', ['averaged', 'resnet', SLOW])
def test_the_mean_of_a_class_activation_map_and_the_bias_are_the_logit(name):
  model = GAP[name]
  variables, x = trained(model)
  maps = cam.maps(model, variables, x)
  logits = model.apply(variables, x, train=False)
  bias = variables['params']['output']['bias']
  mean = np.asarray(maps, np.float64).mean(axis=(1, 2)) + np.asarray(bias)
  np.testing.assert_allclose(mean, logits, atol=1e-5 * max(1, np.abs(logits).max()))
  assert maps.shape[0] == 2
  assert maps.shape[-1] == logits.shape[-1]


def test_permuted_classes_have_permuted_maps():
  model = GAP['averaged']
  variables, x = trained(model)
  order = np.array([2, 0, 3, 1])
  head = jax.tree.map(lambda leaf: leaf[..., order], variables['params']['output'])
  other = variables | {'params': variables['params'] | {'output': head}}
  np.testing.assert_allclose(
    cam.maps(model, other, x), cam.maps(model, variables, x)[..., order], atol=1e-6
  )
  picked = cam.of_class(cam.maps(model, variables, x), [3, 1])
  np.testing.assert_array_equal(picked[1], cam.maps(model, variables, x)[1, ..., 1])


@pytest.mark.parametrize(
  ('model', 'side', 'channels', 'reason'),
  [
    (alexnet.scaled('torchvision', 0.02, classes=4), 64, 3, 'AlexNet reads no mean'),
    (vgg.VGG11(classes=4, width=1), 32, 3, 'VGG reads no mean'),
    (lenet.LeNet1998(), 32, 1, 'LeNet1998 has no dense layer of that name'),
    (mlp.MLP(4, (8,)), 8, 1, 'MLP'),
    (vit.ViT(4, vit.SIZES['nano']._replace(layers=1), 4), 8, 1, 'ViT'),
  ],
)
def test_a_network_without_a_mean_before_its_read_out_is_refused(
  model, side, channels, reason
):
  variables, x = trained(model, side, channels)
  with pytest.raises(ValueError, match=f'class activation maps need .*{reason}'):
    cam.maps(model, variables, x)


def test_maps_are_enlarged_with_pixels_as_squares():
  found = cam.resized(jnp.array([[[0.0, 4.0]]]), 1, 4)
  np.testing.assert_allclose(found, [[[0, 1, 3, 4]]], atol=1e-6)


def score(x):
  """Scores images by a function that is neither linear nor the same everywhere."""
  places = jnp.arange(x[0].size, dtype=x.dtype).reshape(1, *x.shape[1:])
  return jnp.sum(jnp.tanh(x * jnp.sin(places)), axis=(1, 2, 3))


@pytest.mark.parametrize(
  ('side', 'size', 'stride'), [(8, 2, 2), (8, 3, 2), (9, 4, 3), (5, 5, 1), (7, 3, 3)]
)
def test_occlusion_is_what_a_loop_over_all_windows_finds(side, size, stride):
  x = RANDOM.normal(size=(2, side, side + 1, 3)).astype(np.float32)
  found = occlusion.maps(score, x, size, stride, fill=0.5)
  total, count = np.zeros(x.shape[:3]), np.zeros(x.shape[:3])
  tops = [*range(0, side - size, stride), side - size]
  lefts = [*range(0, side + 1 - size, stride), side + 1 - size]
  for top in tops:
    for left in lefts:
      hidden = x.copy()
      hidden[:, top : top + size, left : left + size] = 0.5
      fallen = np.asarray(score(x) - score(hidden))
      total[:, top : top + size, left : left + size] += fallen[:, None, None]
      count[:, top : top + size, left : left + size] += 1
  np.testing.assert_allclose(found, total / count, atol=1e-5)
  one = occlusion.maps(score, x[1:], size, stride, fill=0.5)
  np.testing.assert_allclose(found[1:], one, atol=1e-5)


@pytest.mark.parametrize(('size', 'stride'), [(2, 3), (9, 1), (2, 0)])
def test_windows_that_leave_gaps_or_do_not_fit_are_refused(size, stride):
  with pytest.raises(ValueError, match='is wanted'):
    occlusion.starts(8, size, stride)


def test_saliency_is_the_largest_finite_difference_of_a_pixel():
  with jax.enable_x64(True):
    x = RANDOM.normal(size=(2, 6, 6, 3))
    found = np.asarray(saliency.maps(score, jnp.asarray(x)))
    for image, row, column in RANDOM.integers((2, 6, 6), size=(20, 3)):
      slopes = []
      for channel in range(3):
        step = np.zeros_like(x)
        step[image, row, column, channel] = 1e-5
        up, down = (score(jnp.asarray(x + sign * step))[image] for sign in (1, -1))
        slopes.append(abs(float(up - down)) / 2e-5)
      assert found[image, row, column] == pytest.approx(max(slopes), abs=1e-6)


def test_a_peak_is_in_a_box_or_not():
  maps = np.zeros((3, 4, 4))
  maps[0, 1, 2] = maps[1, 1, 2] = 1  # the third is 0: its first pixel is its peak
  boxes = np.array([[2, 1, 3, 2], [0, 1, 2, 2], [0, 0, 1, 1]])
  np.testing.assert_array_equal(localised.pointing(maps, boxes), [True, False, True])


def test_a_curve_starts_and_ends_at_the_scores_of_its_ends_and_only_goes_on():
  start, end = jnp.zeros((2, 4, 4, 1)), jnp.ones((2, 4, 4, 1))
  ranks = localised.order(jnp.asarray(RANDOM.normal(size=(2, 4, 4))))
  assert all(np.array_equal(np.sort(each.ravel()), np.arange(16)) for each in ranks)
  total = lambda x: jnp.sum(x, axis=(1, 2, 3))
  curve = localised.curve(total, start, end, ranks, 8)
  np.testing.assert_array_equal(curve, np.arange(0, 17, 2)[:, None] * np.ones((1, 2)))
  np.testing.assert_allclose(localised.area(curve), 8)


def test_pixels_that_a_map_ranks_first_are_exchanged_first():
  maps = jnp.zeros((1, 2, 2)).at[0, 1, 0].set(5)
  picked = lambda x: x[:, 1, 0, 0]
  ranks = localised.order(maps)
  ends = jnp.zeros((1, 2, 2, 1)), jnp.ones((1, 2, 2, 1))
  curve = localised.curve(picked, *ends, ranks, 4)
  np.testing.assert_array_equal(curve[:, 0], [0, 1, 1, 1, 1])
  np.testing.assert_array_equal(
    localised.curve(picked, *ends, 3 - ranks, 4)[:, 0], [0, 0, 0, 0, 1]
  )


def test_a_blur_is_the_one_of_scipy():
  from scipy import ndimage

  x = RANDOM.normal(size=(1, 12, 9, 2))
  wanted = ndimage.gaussian_filter(x, (0, 1.5, 1.5, 0), mode='nearest')
  np.testing.assert_allclose(localised.blurred(jnp.asarray(x), 1.5), wanted, atol=1e-5)


def test_the_box_of_a_map_is_that_of_its_largest_bright_region():
  found = np.zeros((5, 6))
  found[0, 0] = 1
  found[2:4, 3:6] = 0.3
  found[4, 0:2] = 0.1
  np.testing.assert_array_equal(localised.box(found), [3, 2, 6, 4])
  np.testing.assert_array_equal(localised.box(-found), [0, 0, 0, 0])
  np.testing.assert_allclose(
    localised.iou([[0, 0, 2, 2], [0, 0, 1, 1]], [[1, 0, 3, 2], [2, 2, 3, 3]]),
    [1 / 3, 0],
  )


def test_agreement_is_spearmans():
  from scipy import stats

  a, b = RANDOM.normal(size=(2, 3, 4, 4))
  b[0] = np.exp(a[0])
  found = localised.agreement(a, b)
  assert found[0] == pytest.approx(1)
  assert found[2] == pytest.approx(stats.spearmanr(a[2].ravel(), b[2].ravel())[0])
  assert localised.agreement(a, np.ones_like(a)).tolist() == [0, 0, 0]
