"""Puzzles: tiles are what a loop cuts, and permutations are far from each other."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import puzzles
from dl_core.types import Batch, UserError


def test_all_permutations_of_four_tiles_are_chosen_once():
  found = {tuple(row) for row in puzzles.permutations(4, 24).tolist()}
  assert found == set(itertools.permutations(range(4)))


def test_the_chosen_permutations_are_farther_apart_than_random_ones():
  chosen = puzzles.permutations(9, 100)
  assert chosen.shape == (100, 9)
  assert (np.sort(chosen, axis=1) == np.arange(9)).all()
  random = np.random.RandomState(0)
  drawn = [
    puzzles.distance(np.array([random.permutation(9) for _ in range(100)]))
    for _ in range(5)
  ]
  assert puzzles.distance(chosen) >= max(drawn) + 1


def test_the_least_distance_is_that_of_a_loop():
  rows = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [0, 1, 3, 2]])
  by_hand = [sum(a != b) for a, b in itertools.combinations(rows, 2)]
  assert puzzles.distance(rows) == min(by_hand) == 2


def test_more_permutations_than_there_are_are_refused():
  with pytest.raises(UserError, match='--permutations=25'):
    puzzles.permutations(4, 25)


@pytest.mark.parametrize('across', [2, 3])
def test_tiles_are_what_a_loop_cuts(across):
  random = np.random.RandomState(across)
  images = random.rand(3, 14, 14, 2).astype(np.float32)
  cell, side = 14 // across, 3
  offsets = random.randint(0, cell - side + 1, (3, across**2, 2))
  cut = jax.jit(puzzles.cut, static_argnums=(1, 2))
  tiles = np.asarray(cut(images, across, side, offsets))
  for image in range(3):
    for number in range(across**2):
      top, left = offsets[image, number]
      top, left = top + number // across * cell, left + number % across * cell
      np.testing.assert_array_equal(
        tiles[image, number], images[image, top : top + side, left : left + side]
      )


def test_the_label_says_where_every_tile_belongs():
  # Every pixel holds the number of its cell, so that gaps do not matter.
  cells = np.arange(9).reshape(3, 3).repeat(4, 0).repeat(4, 1)
  x = jnp.asarray(cells, jnp.float32)[None, ..., None].repeat(16, 0)
  shuffle = jax.jit(puzzles.shuffle(12, 3, 20, gap=1, shift=0))
  puzzle = jax.device_get(shuffle(jax.random.key(0), Batch(x, None, jnp.ones(16))))
  assert puzzle.x.shape == (16, 9, 3, 3, 1)
  orders = puzzles.permutations(9, 20)[puzzle.y]
  for tiles, order in zip(puzzle.x, orders, strict=True):
    np.testing.assert_array_equal(tiles, np.broadcast_to(
      order[:, None, None, None], tiles.shape))  # fmt: skip
  assert len(set(puzzle.y.tolist())) > 5


def test_tiles_are_moved_in_their_cells_and_images_before_they_are_cut():
  x = jnp.asarray(np.random.RandomState(0).rand(1, 8, 8, 1), jnp.float32)

  def seen(gap, shift):
    shuffle = jax.jit(puzzles.shuffle(8, 2, 24, gap, shift))
    batch = Batch(x, None, jnp.ones(1))
    found = [jax.device_get(shuffle(jax.random.key(n), batch)) for n in range(40)]
    chex.assert_equal_shape([each.x for each in found])
    firsts = [
      each.x[0, list(puzzles.permutations(4, 24)[each.y[0]]).index(0)] for each in found
    ]
    return len({np.asarray(tile).tobytes() for tile in firsts})

  assert seen(0, 0) == 1
  assert 1 < seen(1, 0) <= 4
  assert 1 < seen(0, 1) <= 9


def test_a_gap_that_leaves_no_pixel_is_refused():
  with pytest.raises(UserError, match='--gap=4'):
    puzzles.shuffle(8, 2, 24, gap=4, shift=0)
