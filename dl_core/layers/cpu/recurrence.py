"""A scan over time whose backward pass is written out.

Its loop back yields the gradients at the pre-activations, and the gradient of the
recurrent kernel is one large product of all of them after it, where automatic
differentiation would add up one outer product for every step.

Shapes: B sequences, T steps, H hidden units, G units of all gates.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from dl_core.types import Array


def over_time(forward: Callable, backward: Callable) -> Callable:
  """Builds a scan over time, and its gradient, from one step's forward and backward.

  Args:
    forward: (state, a, u) -> (state, rates): one step, where a [B, G] is the input's
      part and u = h w + b [B, G] that of the last h, which is the state's last array.
      The rates are arrays [B, H]: all that the way back has to know of the step.
    backward: (cotangents of the new state, rates) -> (those of a, of u, and of the old
      state apart from its way through u).

  Returns:
    (a [T, B, G], w [H, G], b [G], state) -> (last state, all h [T, B, H]). Products and
    all h have the type of w; the states and their gradients stay float32, as they add
    up over time.
  """

  def scan(a, w, b, state):
    w = gathered(w)

    def step(state, a):
      u = state[-1].astype(w.dtype) @ w + b[None]
      state, rates = forward(state, widen(a), u)
      return state, (state[-1].astype(w.dtype), rates)

    return jax.lax.scan(step, state, a)

  @jax.custom_vjp
  def run(a, w, b, state):
    last, (h, _) = scan(a, w, b, state)
    return last, h

  def run_forward(a, w, b, state):
    last, (h, rates) = scan(a, w, b, state)
    return (last, h), (w, state[-1].astype(w.dtype), h, rates)

  def run_backward(residuals, cotangents):
    w, first, h, rates = residuals
    d_last, d_h = cotangents
    transposed = gathered(w).T  # once, not in every step

    def step(d_state, at):
      d_h, rates = at
      *d_rest, d_said = d_state
      d_a, d_u, (*d_rest, d_past) = backward((*d_rest, d_said + d_h), rates)
      same = d_u is d_a
      d_a, d_u = d_a.astype(w.dtype), d_u.astype(w.dtype)
      d_state = (*d_rest, d_past + d_u @ transposed)
      return d_state, (d_a, None if same else d_u)

    d_start, (d_a, d_u) = jax.lax.scan(step, d_last, (d_h, rates), reverse=True)
    d_u = d_a if d_u is None else d_u
    before = jnp.concatenate([first[None], h[:-1]])
    d_w = outer(merged(before), merged(d_u))
    return d_a, d_w, jnp.sum(d_u, axis=(0, 1)), d_start

  run.defvjp(run_forward, run_backward)
  return lambda a, w, b, state: run(a, w, b, tuple(map(widen, state)))


def merged(x: Array) -> Array:
  """Returns [T, B, D] as [T · B, D], which XLA multiplies without copying it.

  Not so on several devices: each has some of the B, and would be sent all the others'.
  """
  return x if several() else x.reshape(-1, x.shape[-1])


def gathered(w: Array) -> Array:
  """Gathers the rows of w [H, G] onto every device, once for all T steps."""
  if not several():
    return w
  return jax.lax.with_sharding_constraint(w, PartitionSpec(None, 'tensor'))


def several() -> bool:
  """Returns whether several devices share the work."""
  mesh = jax.sharding.get_abstract_mesh()
  return not mesh.empty and mesh.size > 1


def outer(x: Array, y: Array) -> Array:
  """Sums x yᵀ over all places: [..., D], [..., G] -> [D, G]."""
  places = tuple(range(x.ndim - 1))
  return jax.lax.dot_general(x, y, ((places, places), ((), ())))


def widen(x: Array) -> Array:
  """Returns x in float32, if its own type is narrower."""
  return x.astype(jnp.promote_types(x.dtype, jnp.float32))
