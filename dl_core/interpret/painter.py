"""Runs the two halves of a StyleGAN: from latents to styles, from styles to images.

Shapes: N samples, Z latents, L layers, D numbers of w, S pixels of a side, C channels.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.models import gan
from dl_core.types import Key, Variables

BATCH = 50  # images that are made at a time


class Painter(NamedTuple):
  """The two halves of a generator, in evaluation mode.

  Attributes:
    styled: (variables, latents [N, Z], ψ) -> styles [N, L, D].
    painted: (variables, styles [N, L, D]) -> images [N, S, S, C] in [-1, 1].
  """

  styled: Callable[[Variables, Any, float], np.ndarray]
  painted: Callable[[Variables, Any], np.ndarray]

  def sample(self, variables: Variables, z: Any, psi: float = 1.0) -> np.ndarray:
    return self.painted(variables, self.styled(variables, z, psi))


@functools.cache
def painter(model: gan.GAN) -> Painter:
  """Makes the halves; both work in pieces of one shape."""
  generator: Any = model.generator

  def run(variables, inputs, psi, method):
    own = gan.of(variables, 'generator')
    more = (psi,) if method == 'styled' else ()
    return generator.apply(own, inputs, *more, train=False, method=method)

  compiled = jax.jit(run, static_argnums=3)

  def each(variables, inputs, psi, method):
    parts = []
    for start in range(0, len(inputs), BATCH):
      rows = np.minimum(np.arange(start, start + BATCH), len(inputs) - 1)
      parts.append(np.asarray(compiled(variables, inputs[rows], psi, method)))
    return np.concatenate(parts)[: len(inputs)]

  return Painter(
    lambda variables, z, psi: each(variables, np.asarray(z), psi, 'styled'),
    lambda variables, styles: each(variables, np.asarray(styles), 1.0, 'painted'),
  )


def latents(model: gan.GAN, key: Key, number: int, count: int) -> np.ndarray:
  """Draws latents [N, Z], the same for the same key and number."""
  own = jax.random.fold_in(key, number)
  return np.asarray(jax.random.normal(own, (count, model.latent)))
