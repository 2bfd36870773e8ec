"""Measures how much of an error reaches the first layer of a deep stack.

The backward pass multiplies δ by Wᵀ and by f'(z) at every layer. An orthogonal W keeps
its norm, so that only the activation changes it: the norm shrinks to 1/4 or less at
each layer of a sigmoid stack, for every input (Hochreiter 1991;
Glorot & Bengio 2010 and He et al. 2015, https://arxiv.org/abs/1502.01852, choose the
variance of W that keeps it on average).

Shapes: S networks, L layers of n units.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import activations, backprop, outputs
from dl_core.lessons.networks.activations import Activation
from dl_core.report import draw
from dl_core.types import Array, Claim, Picture

COLOURS = {'sigmoid': draw.ORANGE, 'tanh': draw.BLUE, 'ReLU': draw.GREEN}
ORTHOGONAL = 'orthogonal weights'
SCALED = "Xavier's weights, He's for ReLU"
Found = dict[str, dict[str, np.ndarray]]  # {weights: {activation: norms [S, L]}}
ROUNDING = 1e-6  # relative: what float32 may add to a norm


def orthogonal(drawn: np.ndarray) -> np.ndarray:
  """Returns uniformly drawn orthogonal matrices, made from normal ones [..., n, n]."""
  q, r = np.linalg.qr(drawn)
  return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


def norms(hidden: Activation, weights: Array, x: Array, error: Array) -> Array:
  """Returns ‖δ(1)‖ ... ‖δ(L)‖ [L] of a stack without biases.

  Args:
    hidden: the activation.
    weights: [L, n, n].
    x, error: its input [n], and the δ(L) = p - y [n] that is sent back.
  """
  layers = [backprop.Layer(w, jnp.zeros_like(x)) for w in weights]
  net = backprop.Net(hidden, outputs.PAIRINGS['identity, squared error'])
  passed = backprop.forward(net, layers, x)
  delta = backprop.backward(net, layers, passed, passed.a[-1] - error).delta
  return jnp.linalg.norm(jnp.stack(delta), axis=-1)


def measure(
  random: np.random.Generator, networks: int, layers: int, units: int
) -> Found:
  """Measures the norms of δ at every layer of random networks, on one input each."""
  drawn = random.standard_normal((networks, layers, units, units), np.float32)
  x, error = random.standard_normal((2, networks, units), np.float32)
  scaled = drawn / np.float32(units) ** 0.5

  @jax.jit
  def run(scaled, straight, x, error):
    found: dict = {ORTHOGONAL: {}, SCALED: {}}
    for name in COLOURS:
      of = jax.vmap(functools.partial(norms, activations.ACTIVATIONS[name]))
      gain = 2**0.5 if name == 'ReLU' else 1.0  # He et al.: half of it answers 0
      found[ORTHOGONAL][name] = of(straight, x, error)
      found[SCALED][name] = of(gain * scaled, x, error)
    return found

  found = jax.device_get(run(scaled, orthogonal(drawn), x, error))
  return {  # in the order of the pictures, which jit has not kept
    weights: {name: found[weights][name] for name in COLOURS}
    for weights in (ORTHOGONAL, SCALED)
  }


def ratios(norms: np.ndarray) -> np.ndarray:
  """Returns ‖δ(l-1)‖ / ‖δ(l)‖ [S, L - 1] for l = 2 ... L."""
  return norms[:, :-1] / norms[:, 1:]


def typical(norms: np.ndarray) -> float:
  """Returns the geometric mean of the ratios, which are factors of a product."""
  return float(np.exp(np.log(ratios(norms)).mean()))


def claims(found: Found) -> tuple[Claim, ...]:
  """Returns the claims on what shrinks an error, over all layers of all networks."""
  straight, scaled = found[ORTHOGONAL], found[SCALED]
  most = {name: float(ratios(norms).max()) for name, norms in straight.items()}
  layers = straight['sigmoid'].shape[1]
  arrives = float((straight['sigmoid'][:, 0] / straight['sigmoid'][:, -1]).max())
  bound = 0.25 ** (layers - 1)
  return (
    Claim(
      'An orthogonal sigmoid layer passes at most a quarter of the error, so at most '
      f'(1/4)^{layers - 1} of it passes {layers - 1} layers',
      most['sigmoid'] <= 0.25 * (1 + ROUNDING) and arrives <= bound * (1 + ROUNDING),
      f'{most["sigmoid"]:.4f} at most, of {ratios(straight["sigmoid"]).size} layers of '
      f'{len(straight["sigmoid"])} networks; {arrives:.2g} passes all, the bound is '
      f'{bound:.2g}',
    ),
    Claim(
      'An orthogonal tanh or ReLU layer never enlarges the error, and passes more of '
      'it than a sigmoid layer',
      all(
        most[name] <= 1 + ROUNDING and float(ratios(straight[name]).min()) > 0.25
        for name in ('tanh', 'ReLU')
      ),
      ' and '.join(
        f'{ratios(straight[name]).min():.2f} to {most[name]:.2f} of it ({name})'
        for name in ('tanh', 'ReLU')
      ),
    ),
    Claim(
      "He's weights keep the error of a ReLU stack, on geometric average",
      0.9 < typical(scaled['ReLU']) < 1.1,
      f'{typical(scaled["ReLU"]):.3f} a layer, {typical(straight["ReLU"]):.3f} with '
      'orthogonal ones',
    ),
    Claim(
      "Xavier's weights keep most of the error in a tanh stack, not in a sigmoid one",
      typical(scaled['tanh']) > 0.8 and typical(scaled['sigmoid']) < 1 / 3,
      f'{typical(scaled["tanh"]):.3f} and {typical(scaled["sigmoid"]):.3f} a layer',
    ),
  )


def picture(found: Found) -> Picture:
  """Draws the norm of δ per layer, each network's and their geometric mean."""
  networks, layers = found[ORTHOGONAL]['sigmoid'].shape
  number = np.arange(1, layers + 1)

  def show():
    figure, panels = draw.panels(7.5, 3.4, 2, titles=list(found), sharey=True)
    for axes, each in zip(panels, found.values(), strict=True):
      for name, norms in each.items():
        share = norms / norms[:, -1:]
        mean = np.exp(np.log(share).mean(axis=0))
        axes.semilogy(number, share.T, color=COLOURS[name], lw=0.6, alpha=0.3)
        axes.semilogy(number, mean, color=COLOURS[name], lw=2.5, label=name)
      bound = 0.25 ** (layers - number.astype(float))
      axes.semilogy(number, bound, color=draw.GREY, ls=':', label='(1/4)^(L − l)')
      axes.set(xlabel='layer l', xticks=[1, *range(5, layers + 1, 5)])
    panels[0].set_ylabel('‖δ(l)‖ / ‖δ(L)‖')
    draw.legend(panels[0])
    return figure

  return Picture(
    'The gradient by depth',
    f'The norm of an error at each layer, sent back from the last of {layers} layers. '
    f'Thin lines are the {networks} networks, bold lines their geometric mean. A line '
    'that rises to the left explodes, one that falls vanishes.',
    show,
    claims(found),
  )
