"""A trained model writes the images that it samples; others are refused."""

import dataclasses

import jax
import numpy as np
import pytest
from PIL import Image

from dl_core import train
from dl_core.launch import cli, sample
from experiments import gan, lenet, pixelcnn, vae

FLAGS = ('--steps=1', '--batch_size=8', '--hidden=4', '--code=2', '--nll_samples=0')


@pytest.fixture(scope='module')
def run(tmp_path_factory, digits_dir):
  folder = tmp_path_factory.mktemp('sampled') / 'run'
  words = ['prog', f'--workdir={folder}', f'--data_dir={digits_dir}']
  assert cli.run(vae, 'vae', [*words, *FLAGS]) == 0
  return folder


def read(path):
  return np.asarray(Image.open(path))


def test_every_image_has_a_file_and_the_grid_holds_all(run, capsys):
  assert (
    cli.run(vae, 'vae', ['prog', f'--workdir={run}', '--sample=5', '--seed=3']) == 0
  )
  place = run / 'sampled' / 'seed-3'
  assert f'5 images in {place}' in capsys.readouterr().out
  names = sorted(path.name for path in place.iterdir())
  assert names == [*(f'{n:04}.png' for n in range(1, 6)), 'grid.png']
  images = [read(place / name) for name in names[:-1]]
  assert {image.shape for image in images} == {(8, 8)}
  assert len({image.tobytes() for image in images}) == 5
  grid = read(place / 'grid.png')
  stride = 8 + sample.GAP
  assert grid.shape == (2 * stride - sample.GAP, 3 * stride - sample.GAP, 4)
  for number, image in enumerate(images):
    row, column = divmod(number, 3)
    tile = grid[row * stride :, column * stride :][:8, :8]
    np.testing.assert_array_equal(tile[..., 0], image)
  assert np.all(grid[stride:, 2 * stride :, 3] == 0)  # there is no sixth image


def test_an_experiment_that_samples_no_images_refuses(run, digits_dir, capsys):
  words = ['prog', f'--data_dir={digits_dir}', '--sample=5']
  assert cli.run(lenet, 'lenet', [*words, f'--workdir={run.parent / "lenet"}']) == 2
  (line,) = capsys.readouterr().err.splitlines()
  assert line.startswith('error: ')
  assert 'lenet' in line


MODELS = {'gan': gan, 'pixelcnn': pixelcnn, 'vae': vae}


@pytest.mark.parametrize('name', MODELS)
def test_the_first_samples_of_a_seed_are_the_same_whatever_their_number(
  name, digits_dir, monkeypatch
):
  monkeypatch.setattr(sample, 'BLOCK', 4)
  module = MODELS[name]
  e = module.build(dataclasses.replace(module.TINY, data_dir=digits_dir))
  variables = jax.jit(lambda: train.init_state(e, jax.random.key(0)))().variables
  few, many, other = (
    list(sample.sampled(e.sample, variables, jax.random.key(seed), count))
    for seed, count in ((1, 3), (1, 6), (2, 6))
  )
  assert (len(few), len(many)) == (3, 6)
  np.testing.assert_array_equal(few, many[:3])
  assert np.any(np.stack(many) != np.stack(other))
  assert np.any(many[0] != many[4])  # blocks are drawn with other keys
  shape = e.data.spec.batch.x.shape[1:]
  assert {image.shape for image in many} == {shape}
  assert {image.dtype for image in many} == {np.dtype(np.uint8)}
