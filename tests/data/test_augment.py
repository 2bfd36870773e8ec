import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from dl_core.data import augment, warps
from dl_core.types import Batch


@pytest.fixture(scope='module')
def images():
  return jnp.asarray(np.random.RandomState(0).rand(6, 5, 7, 2), jnp.float32)


def moved_by_hand(image, down, right, fill=None):
  height, width, _ = image.shape
  padded = np.pad(
    image,
    ((9, 9), (9, 9), (0, 0)),
    **({'mode': 'edge'} if fill is None else {'constant_values': fill}),
  )
  return padded[9 - down : 9 - down + height, 9 - right : 9 - right + width]


@pytest.mark.parametrize('fill', [None, 0.25])
def test_every_image_is_itself_moved_within_the_bound(images, fill):
  moved = jax.jit(augment.shift(2, fill))
  seen = set()
  for seed in range(30):
    for before, after in zip(images, moved(jax.random.key(seed), images), strict=True):
      found = [
        (down, right)
        for down in range(-2, 3)
        for right in range(-2, 3)
        if np.array_equal(moved_by_hand(np.array(before), down, right, fill), after)
      ]
      assert len(found) == 1
      seen.update(found)
  assert len(seen) == 25  # each of 180 draws misses one of 25 with probability 0.0006


def test_distances_are_uniform_and_independent():
  n = 20_000
  dot = np.zeros((n, 5, 5, 1), np.float32)
  dot[:, 2, 2] = 1
  moved = np.array(jax.jit(augment.shift(1, 0.0))(jax.random.key(3), dot))
  counts = moved.sum(0)[1:4, 1:4, 0]
  assert counts.sum() == n
  assert ((counts - n / 9) ** 2 / (n / 9)).sum() < 26  # chi², 8 degrees: p = 0.001


def test_no_distance_changes_nothing(images):
  moved = jax.jit(augment.shift(0))(jax.random.key(0), images)
  np.testing.assert_array_equal(moved, images)


def test_the_key_decides(images):
  moved = jax.jit(augment.shift(2))
  one, same, other = (moved(jax.random.key(seed), images) for seed in (1, 1, 2))
  np.testing.assert_array_equal(one, same)
  assert not np.array_equal(one, other)


def test_every_image_is_itself_or_its_mirror_image(images):
  seen = set()
  for seed in range(10):
    flipped = augment.flip(jax.random.key(seed), images)
    for before, after in zip(images, flipped, strict=True):
      same = np.array_equal(before, after)
      assert same != np.array_equal(before[:, ::-1], after)
      seen.add(same)
  assert seen == {False, True}


def test_changes_are_joined_in_order_each_with_a_key_of_its_own(images):
  seen = []

  def change(key, given):
    seen.append(jax.random.key_data(key).tolist())
    return 2 * given + len(seen)

  joined = augment.join(change, change, change)(jax.random.key(0), images)
  np.testing.assert_allclose(joined, 8 * images + 4 + 4 + 3, rtol=1e-6)
  assert len({*map(tuple, seen)}) == 3


def test_noise_is_of_another_strength_for_each_image_up_to_the_most():
  images = jnp.full((2_000, 8, 8, 3), 0.5)
  noise = np.asarray(augment.noise(0.6)(jax.random.key(0), images) - images)
  deviation = noise.std(axis=(1, 2, 3))
  np.testing.assert_allclose(noise.mean(), 0, atol=0.005)
  counts, _ = np.histogram(deviation, np.linspace(0, 0.6, 7))
  np.testing.assert_allclose(counts / 2_000, 1 / 6, atol=0.03)
  assert deviation.max() < 0.8


def test_a_warp_moves_parts_of_an_image_by_about_its_deviation():
  side, deviation = 32, 0.5
  places = np.arange(side, dtype=np.float32)
  ramp = np.stack(np.meshgrid(places, places)[::-1], -1)
  images = jnp.broadcast_to(ramp, (500, side, side, 2))
  change = jax.jit(warps.warp(deviation))
  moves = np.asarray(change(jax.random.key(0), images)) - ramp[None]
  within = moves[:, 2:-2, 2:-2]  # what leaves the image is clipped to its edge
  np.testing.assert_allclose(within.mean(), 0, atol=0.01)
  assert 0.6 * deviation < within.std() < deviation
  assert np.abs(np.diff(within, axis=1)).mean() < 0.15 * deviation  # smooth
  np.testing.assert_allclose(
    change(jax.random.key(0), jnp.ones((2, 9, 7, 1))), 1, rtol=1e-6
  )


def test_a_warp_of_a_batch_changes_its_image_alone():
  image = jnp.asarray(np.random.RandomState(0).rand(3, 8, 8, 1), jnp.float32)
  batch = Batch({'image': image, 'words': jnp.arange(3)}, jnp.arange(3), jnp.ones(3))
  key = jax.random.key(0)
  assert warps.warped(0.0)(key, batch) is batch
  changed = warps.warped(0.5)(key, batch)
  np.testing.assert_array_equal(changed.x['image'], warps.warp(0.5)(key, image))
  assert changed.x['words'] is batch.x['words']
  assert changed.y is batch.y


SIDE, SIZE, COUNT = 24, 48, 400


def ramps(n, side):
  """Images whose two channels are the place of a pixel: rows, columns, in [0, 1]."""
  places = (np.arange(side, dtype=np.float32) + 0.5) / side
  return np.broadcast_to(
    np.stack(np.meshgrid(places, places)[::-1], -1), (n, side, side, 2)
  )


def boxes(change, key, n=COUNT):
  """Says which part of n images a crop takes: starts and shares, each [n, 2]."""
  found = np.array(jax.jit(change)(key, ramps(n, SIDE)), float)
  a, b = SIZE // 4, 3 * SIZE // 4  # where the border of the image is not near
  first = np.stack([found[:, a, a, 0], found[:, a, a, 1]], -1)
  last = np.stack([found[:, b, b, 0], found[:, b, b, 1]], -1)
  share = (last - first) / (b - a) * SIZE
  return first - (a + 0.5) / SIZE * share, share


@pytest.mark.parametrize('least', [0.08, 0.5, 0.9])
def test_parts_lie_inside_the_image_and_are_of_every_size_and_shape(least):
  start, share = boxes(augment.crop(SIZE, least), jax.random.key(0))
  area, ratio = share.prod(1), share[:, 1] / share[:, 0]
  assert start.min() > -1e-4
  assert (start + share).max() < 1 + 1e-4
  assert least - 1e-4 < area.min() < area.max() < 1 + 1e-4
  assert 3 / 4 - 1e-3 < ratio.min() < 1 < ratio.max() < 4 / 3 + 1e-3
  # Areas are uniform: the mean of so many is this far off once in 15,000.
  far = 4 * (1 - least) / np.sqrt(12 * COUNT)
  assert area.mean() == pytest.approx((1 + least) / 2, abs=far)
  assert abs(np.log(ratio).mean()) < 4 * np.log(4 / 3) / np.sqrt(3 * COUNT)
  # Places, too, where there is room for them.
  free = 1 - share
  assert (start / free)[free > 0.05].mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize('size', [16, 48])
def test_a_part_is_resampled_as_pillow_does(size):
  key = jax.random.key(1)
  start, share = boxes(augment.crop(SIZE, 0.2), key, 4)
  images = np.random.RandomState(0).rand(4, SIDE, SIDE, 2).astype(np.float32)
  found = jax.jit(augment.crop(size, 0.2))(key, images)
  for n in range(4):
    top, left = SIDE * start[n].clip(0)
    bottom, right = (SIDE * (start[n] + share[n])).clip(max=SIDE)
    for channel in range(2):
      wanted = Image.fromarray(images[n, ..., channel]).resize(
        (size, size), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
      )
      np.testing.assert_allclose(found[n, ..., channel], wanted, atol=1e-3)


def test_the_least_share_of_1_is_the_whole_image():
  images = jnp.asarray(ramps(3, 16))
  whole = jax.jit(augment.crop(16, 1.0))(jax.random.key(5), images)
  np.testing.assert_allclose(whole, images, atol=1e-5)


def test_the_key_decides_which_part():
  take = jax.jit(augment.crop(8, 0.3))
  one, same, other = (take(jax.random.key(seed), ramps(4, 12)) for seed in (1, 1, 2))
  np.testing.assert_array_equal(one, same)
  assert np.abs(one - other).max() > 0.01
  assert np.abs(one[0] - one[1]).max() > 0.01


def test_the_centre_leaves_as_much_on_either_side():
  images = np.arange(2 * 6 * 8 * 1).reshape(2, 6, 8, 1)
  np.testing.assert_array_equal(augment.centre(4, images), images[:, 1:5, 2:6])
  np.testing.assert_array_equal(augment.centre(4, images[0]), images[0, 1:5, 2:6])


def test_the_components_of_colour_are_orthonormal():
  product = augment.COMPONENTS.T @ augment.COMPONENTS
  np.testing.assert_allclose(product, np.eye(3), atol=2e-4)


def test_added_colours_vary_as_the_components_say():
  deviation, n = np.array([0.2, 0.3, 0.4]), 40_000
  images = jnp.asarray(np.random.RandomState(0).rand(1, 2, 3, 3), jnp.float32)
  images = jnp.broadcast_to(images, (n, 2, 3, 3))
  added = np.array(augment.colour(deviation, 0.1)(jax.random.key(0), images) - images)
  np.testing.assert_allclose(added, added[:, :1, :1] + 0 * added, atol=1e-6)
  colours = added[:, 0, 0] * deviation  # of pixels in [0, 1]
  p, spread = augment.COMPONENTS, 0.1 * augment.REACHES
  wanted = (p * spread**2) @ p.T
  largest = np.sqrt(np.diag(wanted))
  assert np.all(np.abs(colours.mean(0)) < 4 * largest / np.sqrt(n))
  found = np.cov(colours.T) / np.outer(largest, largest)
  np.testing.assert_allclose(found, wanted / np.outer(largest, largest), atol=0.03)
  # Along each component alone, however little it varies there.
  np.testing.assert_allclose((colours @ p).std(0), spread, rtol=0.03)


def test_colours_are_exchanged_within_each_image_alone():
  images = jnp.arange(8 * 3, dtype=jnp.float32).reshape(8, 1, 1, 3)
  changed = np.asarray(augment.recoloured(jax.random.key(0), images))
  np.testing.assert_array_equal(np.sort(changed, axis=-1), images)
  orders = {tuple(np.argsort(each.ravel())) for each in changed}
  assert len(orders) > 1


def test_an_image_is_turned_and_mirrored_in_all_eight_ways():
  image = np.arange(9.0).reshape(1, 3, 3, 1)
  ways = {
    np.rot90(each, turns, (1, 2)).tobytes()
    for turns in range(4)
    for each in (image, image[:, :, ::-1])
  }
  assert len(ways) == 8
  many = np.repeat(image, 100, axis=0)
  turned = np.asarray(augment.turn(jax.random.key(0), many), np.float64)
  assert {each.tobytes() for each in turned} == ways
