"""The pictures of a GAN show what they say, and their figures are measured."""

import dataclasses

import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.interpret import gan as pictures
from dl_core.report import svg
from experiments import gan


@pytest.mark.parametrize('channels', [1, 3])
def test_every_image_lies_in_its_place(channels):
  rows = np.zeros((2, 3, 4, 4, channels))
  rows[..., 0] = np.linspace(-1, 1, 6).reshape(2, 3, 1, 1)
  image = pictures.tiles(rows)
  stride = 4 + pictures.GAP
  assert image.shape == (2 * stride - pictures.GAP, 3 * stride - pictures.GAP, 4)
  for n in range(6):
    row, column = divmod(n, 3)
    tile = image[row * stride :, column * stride :][:4, :4]
    assert np.all(tile[..., 0] == round(255 * n / 5))
    assert np.all(tile[..., 3] == 255)
  assert np.sum(image[..., 3] == 255) == 6 * 16


@pytest.fixture(scope='module')
def tiny(digits_dir):
  """An experiment, and its state before the first step."""
  c = dataclasses.replace(gan.TINY, data_dir=digits_dir)
  e = gan.build(c)
  return e, jax.jit(lambda: train.init_state(e, jax.random.key(0)))()


def test_samples_are_kept_of_the_same_latents_every_time(tiny):
  e, start = tiny
  variables = start.variables
  first, second = (e.observe(variables, e.data, jax.random.key(5)) for _ in range(2))
  np.testing.assert_array_equal(first['samples'], second['samples'])
  assert first['samples'].dtype == np.uint8
  assert first['samples'].shape == (pictures.SHOWN, 16, 16, 1)
  other = e.observe(variables, e.data, jax.random.key(6))
  assert np.any(other['samples'] != first['samples'])


def test_rows_of_samples_are_drawn_with_the_steps_they_are_of():
  rng = np.random.default_rng(0)
  seen = {
    step: rng.integers(0, 255, (64, 8, 8, 1), np.uint8) for step in range(0, 3000, 100)
  }
  picture = pictures.over_time(seen)
  assert '0, 500, ' in picture.caption
  assert '2,900' in picture.caption
  art = svg.draw(picture).art
  assert art.startswith(('<svg', '<img'))


def test_a_set_that_no_size_fits_is_refused_in_words():
  with pytest.raises(gan.UserError, match='--size=30'):
    gan.build(dataclasses.replace(gan.TINY, net='dcgan', size=30))
