import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import augment


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
