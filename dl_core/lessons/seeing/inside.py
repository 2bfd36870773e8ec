"""Draws the filters of a network and its strongest activation maps.

Shapes: h x w the sides of a kernel, C channels, F filters, N images.
"""

import jax.numpy as jnp
import numpy as np

from dl_core.interpret import activation_maps, cam, explained, filters, localised
from dl_core.lessons.seeing.found import SHOWN, Network
from dl_core.report import draw
from dl_core.types import Claim, Picture

MIDDLE = 8  # filters of a middle layer that are shown
SCALE, GAP = 4, 1  # pixels drawn for each of a filter, and between its channels


def pictures(
  net: Network, first: tuple[str, ...], middle: tuple[str, ...], before: np.ndarray
) -> list[Picture]:
  """Shows filters of the first and of a middle layer, and the strongest maps.

  Args:
    net: trained.
    first, middle: paths of kernels [h, w, C, F] in its parameters.
    before: the first one as it was before training.
  """
  params = net.variables['params']
  return [
    first_picture(filters.find(params, first), before, '/'.join(first)),
    middle_picture(filters.find(params, middle), '/'.join(middle)),
    strongest(net),
  ]


def low(kernel: np.ndarray) -> float:
  """Returns the share of the energy of filters [h, w, C, F] in low frequencies.

  Low are those of at most one cycle over the kernel in each direction.
  """
  energy = np.abs(np.fft.fft2(kernel, axes=(0, 1))) ** 2
  rows, columns = (np.abs(np.fft.fftfreq(side, 1 / side)) for side in kernel.shape[:2])
  near = (rows <= 1)[:, None] & (columns <= 1)[None]
  return float(energy[near].sum() / energy.sum())


def first_picture(kernel: np.ndarray, before: np.ndarray, name: str) -> Picture:
  """Shows the filters that read the pixels, before and after training."""
  shares = low(before), low(kernel)

  def show():
    most = 16
    titles = 'before training', 'after'
    figure, panels = draw.panels(6.4, 2.2, 2, titles=titles)
    for axes, each in zip(panels, (before, kernel), strict=True):
      axes.imshow(filters.tiles(each[..., :most]), interpolation='none')
      axes.axis('off')
    return figure

  return Picture(
    'First-layer filters',
    f'Filters of {name}, each panel on one scale; grey is zero. Training makes '
    'them smoother; much of their random start remains after so few steps.',
    show,
    (
      Claim(
        'Trained filters have structure: more of their energy than at the start is in '
        'low spatial frequencies',
        shares[1] > shares[0],
        f'{shares[0]:.1%} before, {shares[1]:.1%} after',
      ),
    ),
  )


def middle_picture(kernel: np.ndarray, name: str) -> Picture:
  """Shows a few filters of a middle layer, a row each, a square for each channel."""
  shown = kernel[..., :MIDDLE]

  def show():
    wide = shown.shape[2] * (shown.shape[1] * SCALE + GAP)
    rows = [
      draw.tiles(
        draw.tinted(np.moveaxis(each, -1, 0), np.abs(each).max()),
        shown.shape[2],
        GAP,
        SCALE,
      )
      for each in np.moveaxis(shown, -1, 0)
    ]
    space = np.zeros((3, rows[0].shape[1], 4))
    sheet = np.concatenate([part for row in rows for part in (row, space)][:-1])
    return draw.sheet(sheet, min(9.0, wide / 50))[0]

  return Picture(
    'Filters of a middle layer',
    f'Each row is one of the {kernel.shape[-1]} filters of {name}, with one square for '
    f'each of its {kernel.shape[2]} input channels. Red is positive, blue negative. '
    'These filters read other filters, not pixels, so their weights alone do not show '
    'which patterns they respond to.',
    show,
  )


def strongest(net: Network) -> Picture:
  """Shows the map of the last layer that responds most to each image."""
  layer = cam.averaged(net.model, net.variables, net.x[:1])
  found = activation_maps.capture(net.model, net.variables, net.x)[layer]
  peaks = jnp.max(found, axis=(1, 2))
  loudest = cam.of_class(found, jnp.argmax(peaks, axis=1))
  maps = np.asarray(cam.resized(loudest, *net.x.shape[1:3]))
  hits = localised.pointing(maps, net.boxes).mean()
  areas = np.prod(net.boxes[:, 2:] - net.boxes[:, :2], axis=1)
  chance = float(np.mean(areas / np.prod(net.x.shape[1:3])))

  def show():
    images = explained.lit(np.asarray(net.x[:SHOWN]))
    figure, panels = draw.panels(
      1.2 * SHOWN, 2.8, 2 * SHOWN, SHOWN, [net.names[k] for k in net.y[:SHOWN]]
    )
    for number, image in enumerate(images):
      drawn = explained.overlaid(image, maps[number])
      draw.image(panels[number], image)
      draw.image(panels[SHOWN + number], drawn)
      explained.frame(panels[number], net.boxes[number])
      explained.frame(panels[SHOWN + number], net.boxes[number], 'black')
    return figure

  return Picture(
    'Activation maps',
    f'The activation map of {layer} with the highest peak, for each image.',
    show,
    (
      Claim(
        'The filter that responds most responds to the digit: the peak of its map lies '
        'in the box more often than a random place does',
        hits > chance,
        f'{hits:.1%} of {len(net.y)}; random {chance:.1%}',
      ),
    ),
  )
