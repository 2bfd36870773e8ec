"""Products of Legendre polynomials, features for polynomial regression.

Powers of x are strongly correlated, so gradient descent on their coefficients is slow.
These products span the same functions and are orthogonal on [-1, 1]^F
(https://dlmf.nist.gov/18.3).
Shapes: B batch, F columns, M products.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array


# Pictures ask for them outside of any jitted step, where the recurrence is many calls.
@functools.partial(jax.jit, static_argnames='degree')
def products(x: Array, degree: int) -> Array:
  """Maps x [B, F] to the products [B, M] of degree 1 to `degree` in all; 1 is left out.

  Each has on the cube the mean square 1/3 that x itself has; those of degree 1 are x.
  """
  if degree == 1:
    return x
  orders = exponents(x.shape[-1], degree)
  each = legendre(x, degree)[:, np.arange(x.shape[-1]), orders]  # [B, M, F]
  return jnp.prod(each, axis=-1) / math.sqrt(3)


def legendre(x: Array, degree: int) -> Array:
  """Returns √(2k + 1)·P_k(x) for k = 0 to `degree` on a last axis; mean square 1."""
  found = [jnp.ones_like(x), x]
  for k in range(1, degree):
    found.append(((2 * k + 1) * x * found[k] - k * found[k - 1]) / (k + 1))
  return jnp.stack(
    [math.sqrt(2 * k + 1) * each for k, each in enumerate(found)], axis=-1
  )


def exponents(columns: int, degree: int) -> np.ndarray:
  """Lists the degree [M, F] of each product in each column, the lowest first."""
  found = [
    np.bincount(chosen, minlength=columns)
    for total in range(1, degree + 1)
    for chosen in itertools.combinations_with_replacement(range(columns), total)
  ]
  return np.array(found)
