"""The drawing vocabulary of pictures: a palette, panels, bands, bars, images, regions.

Colours can be read on light and on dark pages. matplotlib is imported when something is
drawn, not before. Sizes of figures are in inches.

Shapes: N images, H × W pixels, T places along the x-axis, R runs, K bars in a group.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

BLUE, ORANGE, GREEN, PINK, VIOLET, OCHRE, GREY = COLOURS = (
  '#2f7fb8', '#cf7a24', '#3f9c74', '#b5577f', '#8a6fb8', '#a5893a', '#808080',
)  # fmt: skip

Box = tuple[Any, Any]  # the lowest and the highest corner of a plane, [2] each


def panels(
  width: float,
  height: float,
  count: int = 1,
  across: int | None = None,
  titles: Sequence[str] = (),
  **look: Any,
) -> tuple[Any, list[Any]]:
  """Makes a figure and its panels, row by row, so that no labels overlap.

  Args:
    width, height: size of the figure.
    count: number of panels.
    across: panels in a row; all of them by default.
    titles: titles of the first panels.
    **look: arguments of matplotlib's `Figure.subplots`, `sharey=True` for example.

  Returns:
    The figure and a list of `count` axes.
  """
  from matplotlib.figure import Figure

  figure = Figure(figsize=(width, height), layout='constrained')
  across = across or count
  found = list(figure.subplots(-(-count // across), across, squeeze=False, **look).flat)
  for axes in found[count:]:
    axes.axis('off')
  for axes, title in zip(found, titles, strict=False):
    axes.set_title(title, fontsize=10, parse_math=False)
  return figure, found[:count]


def panel(width: float, height: float, **look: Any) -> tuple[Any, Any]:
  """Makes a figure and its only panel; `look` are properties of the axes."""
  figure, (axes,) = panels(width, height)
  axes.set(**look)
  return figure, axes


def band(
  axes: Any,
  x: Any,
  values: np.ndarray,
  label: str,
  colour: str,
  *,
  middle: Callable[..., Any] = np.mean,
  within: tuple[float, float] = (0, 100),
  **look: Any,
) -> None:
  """Draws the mean of values [T, R] over x [T], and their range as a band.

  Args:
    middle: what the line shows instead of the mean, `np.median` for example.
    within: percentiles between which the band lies; the whole range by default.
    **look: arguments of matplotlib's `Axes.plot`.
  """
  axes.plot(x, middle(values, axis=1), color=colour, label=label, **look)
  if values.shape[1] > 1:
    low, high = np.percentile(values, within, axis=1)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)


def bars(
  axes: Any,
  groups: Mapping[str, Any],
  names: Sequence[str] = (),
  colours: Sequence[str] = COLOURS,
) -> None:
  """Draws values [K] of every label as bars side by side, with names [K] below."""
  width = 0.8 / len(groups)
  for n, (label, values) in enumerate(groups.items()):
    places = np.arange(len(values)) + (n - (len(groups) - 1) / 2) * width
    axes.bar(places, values, 0.92 * width, color=colours[n], label=label)
  if len(names):
    axes.set_xticks(range(len(names)), names, parse_math=False)


def guide(axes: Any, *, x: Any = None, y: Any = None, **look: Any) -> None:
  """Draws a thin dotted line across a panel, upright at x or level at y."""
  look = {'color': GREY, 'ls': ':', 'lw': 1, 'zorder': 0} | look
  if x is not None:
    axes.axvline(x, **look)
  if y is not None:
    axes.axhline(y, **look)


def legend(axes: Any, colours: Mapping[str, str] | None = None, **look: Any) -> None:
  """Draws a legend: of what has a label, or of the given {label: colour}."""
  for label, colour in (colours or {}).items():
    axes.plot([], color=colour, label=label)
  axes.legend(**{'fontsize': 8} | look)


def bare(axes: Any) -> None:
  """Removes the ticks of an image and gives it a thin frame."""
  axes.set(xticks=[], yticks=[])
  axes.spines[:].set(visible=True, color=GREY, linewidth=0.6)


def image(axes: Any, pixels: np.ndarray) -> None:
  """Draws an image [H, W], [H, W, 1] or [H, W, 3] of values from 0 to 1."""
  grey = {'cmap': 'gray', 'vmin': 0, 'vmax': 1}
  axes.imshow(pixels, interpolation='none', **grey)
  bare(axes)


def signed(axes: Any, values: np.ndarray, most: float | None = None) -> None:
  """Draws an array [H, W]: 0 white, positive values red, negative ones blue.

  Args:
    most: the magnitude that gets the strongest colour; the largest there is by default.
  """
  axes.imshow(tinted(values, most), interpolation='none')
  bare(axes)


def tinted(values: np.ndarray, most: float | None = None) -> np.ndarray:
  """Returns the colours, RGBA in [0, 1], in which `signed` draws values."""
  from matplotlib import colormaps

  most = most or float(np.abs(values).max()) or 1.0
  return colormaps['RdBu_r'](values / most / 2 + 0.5)


def tiles(images: np.ndarray, across: int, gap: int, scale: int = 1) -> np.ndarray:
  """Returns one RGBA image of images [N, H, W, 1, 3 or 4], gaps transparent.

  Args:
    images: uint8, or floats in [0, 1].
    across: images in a row.
    gap: pixels between two images.
    scale: pixels drawn for each pixel of an image.
  """
  full = 255 if images.dtype == np.uint8 else 1
  if images.shape[-1] == 1:
    images = images.repeat(3, axis=-1)
  if images.shape[-1] == 3:
    images = np.pad(images, ((0, 0),) * 3 + ((0, 1),), constant_values=full)
  images = images.repeat(scale, axis=1).repeat(scale, axis=2)
  down = -(-len(images) // across)
  missing = down * across - len(images)
  images = np.pad(images, ((0, missing), (0, gap), (0, gap), (0, 0)))
  rows = images.reshape(down, across, *images.shape[1:]).swapaxes(1, 2)
  one = rows.reshape(down * images.shape[1], across * images.shape[2], 4)
  return one[: one.shape[0] - gap, : one.shape[1] - gap]


def sheet(pixels: np.ndarray, width: float) -> tuple[Any, Any]:
  """Makes a figure that is one image, `tiles` for example, and its panel."""
  from matplotlib.figure import Figure

  figure = Figure(figsize=(width, width * pixels.shape[0] / pixels.shape[1]))
  axes = figure.add_axes((0, 0, 1, 1))
  axes.imshow(pixels, interpolation='none')
  axes.set(xticks=[], yticks=[])
  axes.spines[:].set_visible(False)
  return figure, axes


def regions(
  axes: Any,
  classes: np.ndarray,
  box: Box,
  colours: Sequence[str] = COLOURS,
  ink: float = 0.22,
) -> None:
  """Colours a plane by predicted classes [H, W], rows upward; -1 stays blank."""
  from matplotlib import colors

  table = np.array([*map(colors.to_rgba, colours), (0, 0, 0, 0)])
  table[:-1, 3] = ink
  (left, bottom), (right, top) = box
  look: Any = {'origin': 'lower', 'aspect': 'auto', 'interpolation': 'none'}
  axes.imshow(table[classes], extent=(left, right, bottom, top), **look)


def outline(axes: Any, margin: np.ndarray, box: Box, **look: Any) -> None:
  """Draws the boundary where a margin [H, W] over a plane is 0, if it crosses 0."""
  if margin.min() < 0 < margin.max():
    (left, bottom), (right, top) = box
    look = {'colors': 'black', 'linewidths': 1.2} | look
    axes.contour(margin, [0], extent=(left, right, bottom, top), **look)


def broken(text: str, width: int = 24) -> str:
  """Breaks a text into lines of at most `width` characters."""
  lines = ['']
  for word in text.split():
    if len(lines[-1]) + len(word) >= width:
      lines.append('')
    lines[-1] = f'{lines[-1]} {word}'.strip()
  return '\n'.join(lines)
