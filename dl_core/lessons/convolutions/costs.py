"""Parameters and products of a convolution and of a dense layer in its place.

A dense layer has a weight for each pair of an input and an output. A convolution has
only the weights of one window, shared by all places. The dense layer has
(H·W)·(H'·W')/k² times as many weights and H·W/k² times as many products.

Shapes: H × W pixels, C channels; the outputs are H' × W' × F; k the side of a window.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core import trees
from dl_core.layers import convolution
from dl_core.lessons.convolutions.channels import Layer
from dl_core.report import draw
from dl_core.runtime import flops
from dl_core.types import Claim, Picture

COLOURS = {'convolution': draw.BLUE, 'dense layer': draw.ORANGE}
LAYERS = {
  'LeNet': Layer(side=32, channels=1, features=6, window=5, stride=1, pad=0),
  'AlexNet': Layer(side=224, channels=3, features=96, window=11, stride=4, pad=2),
  'VGG': Layer(side=224, channels=3, features=64, window=3, stride=1, pad=1),
  'ResNet': Layer(side=224, channels=3, features=64, window=7, stride=2, pad=3),
}


class Cost(NamedTuple):
  """The cost of a layer with biases.

  Attributes:
    parameters: number of parameters.
    products: number of multiplications of a weight with an input, for one image.
  """

  parameters: int
  products: int


def of_convolution(layer: Layer) -> Cost:
  """Returns the cost of a convolution by its formula."""
  height, width, features = layer.outputs
  window = layer.window**2 * layer.channels
  return Cost(layer.parameters, height * width * features * window)


def of_dense(layer: Layer) -> Cost:
  """Returns the cost of the dense layer in place of a convolution by its formula."""
  height, width, features = layer.outputs
  products = layer.side**2 * layer.channels * height * width * features
  return Cost(products + height * width * features, products)


def counted(layer: Layer) -> tuple[Cost, Cost]:
  """Counts both costs in the traced programs of the layers."""
  pad = (layer.pad, layer.pad)
  model = convolution.Conv(
    layer.features, (layer.window,) * 2, (layer.stride,) * 2, (pad, pad)
  )
  image = shape(1, layer.side, layer.side, layer.channels)
  variables = jax.eval_shape(model.init, jax.random.key(0), image)
  convolved = cost(lambda v, x: model.apply(v, x), variables, image)

  height, width, features = layer.outputs
  inputs, outputs = layer.side**2 * layer.channels, height * width * features
  weights = {'kernel': shape(inputs, outputs), 'bias': shape(1, outputs)}
  dense = cost(lambda w, x: x @ w['kernel'] + w['bias'], weights, shape(1, inputs))
  return convolved, dense


def cost(function: Any, weights: Any, x: Any) -> Cost:
  return Cost(trees.size(weights), flops.count(function, weights, x).products // 2)


def shape(*sides: int) -> jax.ShapeDtypeStruct:
  return jax.ShapeDtypeStruct(sides, jnp.float32)


def picture() -> Picture:
  """Draws the parameters and the products of first layers, convolutional and dense."""
  formulas = {name: (of_convolution(of), of_dense(of)) for name, of in LAYERS.items()}
  found = {name: counted(layer) for name, layer in LAYERS.items()}
  small, large = found['VGG']
  fewer = {
    name: dense.parameters / convolved.parameters
    for name, (convolved, dense) in found.items()
  }
  least = min(fewer, key=fewer.__getitem__)
  ratio = all(
    dense.products * of.window**2 == convolved.products * of.side**2
    for (convolved, dense), of in zip(found.values(), LAYERS.values(), strict=True)
  )
  claims = (
    Claim(
      'The costs counted in the traced programs are those of the formulas',
      found == formulas,
      f"{len(found)} first layers; VGG's has {small.parameters:,} parameters and "
      f'{small.products:,} products',
    ),
    Claim(
      'A dense layer in place of a convolution has at least ten thousand times as many '
      'parameters',
      min(fewer.values()) >= 1e4,
      f"{large.parameters:,} for VGG's {small.parameters:,}; at least "
      f'{fewer[least]:,.0f} times as many ({least})',
    ),
    Claim(
      'A dense layer computes H·W/k² times as many products',
      ratio,
      f"{large.products / small.products:,.0f} times for VGG's, 224²/3²",
    ),
  )

  def show():
    figure, panels = draw.panels(8, 2.9, 2, sharey=True)
    for axes, field in zip(panels, Cost._fields, strict=True):
      for row, both in enumerate(found.values()):
        for offset, each, colour in zip(
          (-0.2, 0.2), both, COLOURS.values(), strict=True
        ):
          value = getattr(each, field)
          axes.barh(row + offset, value, 0.38, color=colour)
          axes.text(1.5 * value, row + offset, brief(value), va='center', fontsize=9)
      axes.set(xscale='log', xlabel=field + (' for one image' * (field == 'products')))
      axes.set_xlim(50, 1e14)
      axes.set_xticks([1e3, 1e6, 1e9, 1e12], ['10³', '10⁶', '10⁹', '10¹²'])
      axes.minorticks_off()
    panels[0].set_yticks(range(len(found)), list(found))
    panels[0].invert_yaxis()
    for label, colour in COLOURS.items():
      panels[0].barh(0, 0, color=colour, label=label)
    figure.legend(loc='outside upper center', ncols=2)
    return figure

  return Picture(
    'What a convolution saves',
    'The first layer of each network and a dense layer with the same inputs and '
    'outputs. Windows save products; sharing weights between places saves parameters.',
    show,
    claims,
  )


def brief(value: int) -> str:
  """Formats a count briefly: 1,792, 35 thousand, 483 billion."""
  for size, word in ((10**9, ' billion'), (10**6, ' million'), (10**4, ' thousand')):
    if value >= size:
      size = 10**3 if size == 10**4 else size
      return f'{value / size:,.0f}{word}'
  return f'{value:,}'
