"""`--sample=N`: a trained model writes images that it samples, as PNG files."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jax
import numpy as np

from dl_core.config import Config
from dl_core.launch import predict
from dl_core.report import draw
from dl_core.types import Key, Sample, UserError, Variables

BLOCK = 64  # images sampled at a time; what is left over is dropped
GAP = 2  # pixels between two images of the grid
GRID = 'grid.png'


def main(module: ModuleType, name: str, c: Config) -> int:
  """Writes images to `sampled/seed-SEED` in the workdir, one file each and one grid.

  `--seed` seeds the sampling. The first images of a seed are the same whatever their
  number.

  Returns:
    0.

  Raises:
    UserError: there is no trained model, or it samples no images.
  """
  model = predict.trained(module, name, c)
  sample = model.experiment.sample
  if sample is None:
    raise UserError(
      f'--sample={c.sample} was given, but {name} has no model that generates images; '
      'take an experiment that has one'
    )
  variables = model.variables()
  folder = model.folder / 'sampled' / f'seed-{c.seed}'
  folder.mkdir(parents=True, exist_ok=True)
  images = []
  for image in sampled(sample, variables, jax.random.key(c.seed), c.sample):
    images.append(image)
    written(folder / f'{len(images):04}.png', image)
  across = int(np.ceil(np.sqrt(c.sample)))
  written(folder / GRID, draw.tiles(np.stack(images), across, GAP))
  print(f'{c.sample:,} images in {folder}, all together in {folder / GRID}')
  return 0


def sampled(
  sample: Sample, variables: Variables, key: Key, count: int
) -> Iterator[np.ndarray]:
  """Yields `count` images uint8 [H, W, C], sampled a block at a time.

  Args:
    sample: see `Experiment.sample`.
    variables: of the model.
    key: block n is drawn with key n, folded in.
    count: how many images.
  """
  for start in range(0, count, BLOCK):
    images = sample(variables, jax.random.fold_in(key, start // BLOCK), BLOCK)
    pixels = np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)
    yield from pixels[: count - start]


def written(path: Path, image: np.ndarray) -> None:
  """Writes an image uint8 [H, W, 1, 3 or 4] as a PNG file."""
  from PIL import Image

  Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
