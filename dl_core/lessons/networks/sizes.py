"""The sizes of GPT-1, GPT-2 and GPT-3, counted and drawn."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import trees
from dl_core.models import gpt
from dl_core.report import draw
from dl_core.types import Claim, Picture

FAMILIES = {
  'GPT (2018)': ('gpt1',),
  'GPT-2 (2019)': ('gpt2', 'gpt2_medium', 'gpt2_large', 'gpt2_xl'),
  'GPT-3 (2020)': (*('125M', '350M', '760M', '1.3B', '2.7B', '6.7B', '13B', '175B'),),
}
COLOURS = dict(zip(FAMILIES, draw.COLOURS, strict=False))
# As the papers and the published files have them.
PUBLISHED = {
  'gpt1': 116_534_784,
  'gpt2': 124_439_808,
  'gpt2_xl': 1_557_611_200,
  '175B': 174_604_259_328,
}


@functools.cache
def parameters(name: str) -> int:
  """Returns the number of parameters of a published size."""
  size = gpt.SIZES[name]
  model = gpt.GPT(size.vocabulary, size)
  tokens = jnp.zeros((1, 1), jnp.int32)
  init = functools.partial(model.init, train=False)
  shapes = jax.eval_shape(init, jax.random.key(0), tokens)
  return trees.size(shapes)


def pictures() -> list[Picture]:
  """Draws parameters by layers, and how many of them are in the blocks."""
  names = [name for family in FAMILIES.values() for name in family]
  counts = {name: parameters(name) for name in names}
  size = gpt.SIZES
  rule = np.array([12 * size[n].layers * size[n].width ** 2 for n in names])
  real = np.array([counts[n] for n in names])
  large = real > 1e9

  def show():
    figure, (left, right) = draw.panels(
      8.4, 3.4, 2, titles=['layers and parameters', 'width and parameters']
    )
    for family, members in FAMILIES.items():
      values = [counts[name] for name in members]
      for axes, of in ((left, 'layers'), (right, 'width')):
        sides = [getattr(size[name], of) for name in members]
        axes.plot(sides, values, 'o-', ms=4, color=COLOURS[family], label=family)
    for axes, name in ((left, 'layers'), (right, 'features of a token')):
      axes.set(xlabel=name, yscale='log')
    right.set_xscale('log')
    left.set_ylabel('parameters')
    draw.legend(left)
    return figure

  table = '\n'.join(
    f'{name:12} {size[name].layers:3} layers  {size[name].width:6,} wide  '
    f'{counts[name]:16,} parameters'
    for name in names
  )
  growth = counts['175B'] / counts['gpt1']
  return [
    Picture(
      'The block stays, the model grows',
      'Every point is a published network of the same block; only numbers differ.',
      show,
      (
        Claim(
          'From GPT-1 to GPT-3 there are eight times as many layers and more than a '
          'thousand times as many parameters',
          size['175B'].layers == 8 * size['gpt1'].layers and growth > 1_000,
          f'{size["gpt1"].layers} and {size["175B"].layers} layers; {growth:,.0f} '
          'times the parameters',
        ),
        Claim(
          'The counts are those of the published networks',
          all(counts[name] == count for name, count in PUBLISHED.items()),
          ', '.join(f'{name} {counts[name]:,}' for name in PUBLISHED),
        ),
        Claim(
          'From a billion parameters on, 12 · layers · width² of them are nine tenths',
          bool(np.all(rule[large] / real[large] > 0.9)),
          ', '.join(
            f'{n} {r / c:.0%}' for n, r, c in zip(names, rule, real, strict=True)
          ),
        ),
      ),
    ),
    Picture('Every size', 'Counted from the shapes of our own network.', lambda: table),
  ]
