"""What was hidden is put back where it belongs, and nothing else is changed."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import holes as hidden
from dl_core.data import puzzles as cut
from dl_core.interpret import holes, puzzles
from dl_core.types import Batch, Task

IMAGES = np.random.RandomState(0).rand(3, 8, 8, 1).astype(np.float32)


def task_of(outputs):
  return Task(init=None, losses=(), metrics=None, outputs=outputs)


def test_of_a_whole_image_only_the_hole_is_filled():
  hide = hidden.hide('centre')
  task = holes.restoring(task_of(lambda variables, x: x + 9), hide)
  filled = np.asarray(jax.jit(task.outputs)({}, IMAGES))
  hole = np.zeros((8, 8, 1), bool)
  hole[2:6, 2:6] = True
  np.testing.assert_array_equal(filled[:, ~hole], IMAGES[:, ~hole])
  assert (filled[:, hole] > 9).all()
  found = task.answer(IMAGES[0], filled[0], ())
  wanted = np.mean((np.clip(filled[0], 0, 1) - IMAGES[0])[hole] ** 2)
  assert found.words == f'mean squared error {wanted:.3g} in a hole of 16 values'
  assert found.draw() is not None


def test_the_true_order_puts_every_tile_in_its_place():
  orders = cut.permutations(4, 24)
  shuffle = cut.shuffle(8, 2, 24, gap=0, shift=0)
  puzzle = jax.device_get(
    jax.jit(shuffle)(jax.random.key(1), Batch(IMAGES, None, jnp.ones(3)))
  )
  for tiles, y, image in zip(puzzle.x, puzzle.y, IMAGES, strict=True):
    picture = puzzles.mosaic(puzzles.restored(tiles, orders[y]))
    assert picture.shape == (10, 10, 1)
    np.testing.assert_array_equal(picture[:4, :4], image[:4, :4])
    np.testing.assert_array_equal(picture[6:, 6:], image[4:, 4:])
    assert (picture[4:6] == puzzles.FRAME).all()


def test_a_puzzle_is_answered_by_the_places_of_its_tiles():
  orders = cut.permutations(4, 24)
  said = {'tiles': np.zeros((4, 3, 3, 1)), 'logits': np.eye(24)[5]}
  found = puzzles.answer(orders, IMAGES[0], said, ())
  places = ' '.join(str(place + 1) for place in orders[5])
  assert found.words == f'the tiles belong at {places}, counted row by row'
  assert found.draw() is not None
