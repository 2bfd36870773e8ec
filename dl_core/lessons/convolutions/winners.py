"""The winners of the ImageNet challenge beside a human, by published errors.

Five guesses at one of 1,000 classes, after 1.2 million training images; the error is
the share of test images whose class is not among the five (Russakovsky et al. 2015,
https://arxiv.org/abs/1409.0575, table 6 up to 2014, section 6.4 for the human: 5.1 %,
the better of two who trained for it). Then He et al. 2016
(https://arxiv.org/abs/1512.03385), Trimps-Soushen, an ensemble that has no paper, and
Hu et al. 2018 (https://arxiv.org/abs/1709.01507). Nearly all entries are ensembles.

The lecture's 16.4 % for 2012 is AlexNet without additional data; its winning entry had
15.3 %. The winner of 2013, often called ZF after Zeiler & Fergus, is the entry of
Zeiler's company Clarifai, 11.7 %; the entry named ZF had 13.5 %. Layers and parameters
are counted in our models by shape inference.
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend import core

from dl_core import trees
from dl_core.models import alexnet, googlenet, resnet
from dl_core.report import draw
from dl_core.runtime import flops
from dl_core.types import Claim, Picture

HUMAN = 5.1
SIDE = 224  # of the images that the models read


class Winner(NamedTuple):
  """A winner: its top-5 error in % and our model of it, if there is one."""

  year: int
  name: str
  error: float
  model: Callable[[], Any] | None = None


WINNERS = (
  Winner(2010, 'NEC-UIUC', 28.2),
  Winner(2011, 'XRCE', 25.8),
  Winner(2012, 'AlexNet', 15.3, alexnet.GROUPED),
  Winner(2013, 'ZF (Clarifai)', 11.7),
  Winner(2014, 'GoogLeNet', 6.67, googlenet.GoogLeNet),
  Winner(2015, 'ResNet', 3.57, resnet.ResNet152),
  Winner(2016, 'Trimps-Soushen', 2.99),
  Winner(2017, 'SENet', 2.251),
)
FIRST_DEEP = 2012


class Size(NamedTuple):
  """The size of a network: weighted layers on its longest path, and parameters."""

  layers: int
  parameters: int


def size(model: Any) -> Size:
  """Counts the layers and the parameters of a model for images of 224 × 224."""
  image = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
  ask = lambda x, **kwargs: model.init(jax.random.key(0), x, train=False, **kwargs)
  variables = jax.eval_shape(ask, image)
  answer = lambda variables, x: model.apply(variables, x, train=False)
  program = jax.make_jaxpr(answer)(variables, image).jaxpr
  layers = max(depths(program, [0] * len(program.invars)))
  return Size(layers, trees.size(variables['params']))


def depths(program: Any, given: list[int]) -> list[int]:
  """Returns the number of convolutions and matrix products before each output.

  Args:
    program: a jaxpr without loops.
    given: the number before each of its inputs.
  """
  depth: dict[Any, int] = dict(zip(program.invars, given, strict=True))

  def at(value):
    return 0 if isinstance(value, core.Literal) else depth.get(value, 0)

  for equation in program.eqns:
    before = [at(value) for value in equation.invars]
    inner = list(flops.inside(equation.params))
    weighs = equation.primitive.name in ('conv_general_dilated', 'dot_general')
    if inner and not weighs:
      # Branches are alternatives of one computation; the operands before theirs select
      # the branch.
      program_inside = inner[-1]
      after = depths(program_inside, before[-len(program_inside.invars) :])
    else:
      after = [max(before, default=0) + weighs] * len(equation.outvars)
    depth.update(zip(equation.outvars, after, strict=True))
  return [at(value) for value in program.outvars]


def sizes() -> dict[str, Size]:
  """Returns the sizes of the winners that we have models of."""
  return {each.name: size(each.model()) for each in WINNERS if each.model}


def picture(found: Mapping[str, Size]) -> Picture:
  """Draws errors over the years, and the sizes of the networks."""
  below = [each for each in WINNERS if each.error < HUMAN]
  errors = [each.error for each in WINNERS]
  layers = [found[each.name].layers for each in WINNERS if each.name in found]
  ratio = found['GoogLeNet'].parameters / found['AlexNet'].parameters
  claims = (
    Claim(
      'The error falls every year, most with the first deep network',
      drops(errors),
      ' → '.join(f'{error:g}' for error in errors) + ' %',
    ),
    Claim(
      'The first network below the human figure is ResNet, in 2015',
      (below[0].name, below[0].year) == ('ResNet', 2015),
      f'{below[0].name} {below[0].year}: {below[0].error} % against {HUMAN} %',
    ),
    Claim(
      'Networks grow deeper: 8 weighted layers, 22, 152',
      layers == [8, 22, 152],
      ', '.join(f'{name} {each.layers}' for name, each in found.items())
      + ', counted in our models',
    ),
    Claim(
      "A lower error does not take more parameters: GoogLeNet has a ninth of AlexNet's "
      'and less than half its error',
      1 / 9.5 < ratio < 1 / 8.5 and of('GoogLeNet').error < of('AlexNet').error / 2,
      f'{found["GoogLeNet"].parameters:,} and {found["AlexNet"].parameters:,}, '
      f'{1 / ratio:.1f} times as many',
    ),
  )

  def show():
    figure, axes = draw.panel(8, 3.4, ylabel='top-5 error, %', ylim=(0, 31))
    for each in WINNERS:
      colour = draw.BLUE if each.year >= FIRST_DEEP else draw.GREY
      axes.bar(each.year, each.error, 0.7, color=colour)
      words = f'{each.error:.2f}'.rstrip('0')
      inside: Any = {'ha': 'center', 'va': 'top', 'color': 'white', 'fontsize': 9}
      axes.text(each.year, each.error - 0.3, words, **inside)
      if each.name in found:
        layers, parameters = found[each.name]
        more = f'{layers} layers\n{parameters / 1e6:.1f} million\nparameters'
        axes.text(
          each.year, max(each.error, HUMAN) + 0.7, more, ha='center', fontsize=8
        )
    draw.guide(axes, y=HUMAN, color=draw.ORANGE, ls='--', lw=1.5)
    axes.text(2017.5, HUMAN + 0.4, f'human {HUMAN}', color=draw.ORANGE, ha='right')
    axes.set_xticks(
      [each.year for each in WINNERS],
      [f'{each.name}\n{each.year}' for each in WINNERS],
      fontsize=8,
    )
    axes.bar(2010, 0, color=draw.GREY, label='shallow')
    axes.bar(2010, 0, color=draw.BLUE, label='deep')
    draw.legend(axes)
    return figure

  return Picture(
    "ImageNet's winners beside a human",
    'Published top-5 errors on the test set of the challenge. Layers (those with '
    'weights, on the longest path) and parameters are counted in our models; most '
    'entries are ensembles of several networks.',
    show,
    claims,
  )


def of(name: str) -> Winner:
  return next(each for each in WINNERS if each.name == name)


def drops(errors: list[float]) -> bool:
  """Returns whether errors fall every year, and most with the first deep network."""
  falls = [a - b for a, b in itertools.pairwise(errors)]
  first = [each.year for each in WINNERS].index(FIRST_DEEP)
  return min(falls) > 0 and falls.index(max(falls)) == first - 1
