"""A scan over time whose backward pass is written out.

Its loop back yields the gradients at the pre-activations, and the gradient of the
recurrent kernel is one large product of all of them after it, where automatic
differentiation would add up one outer product for every step.

Where sequences have lengths, the state is held at the steps that are padding. A scan
from the last step to the first therefore holds its first state until the last step of
each sequence: nothing has to be reversed, and padding changes no number.

Shapes: B sequences, T steps, H hidden units, G units of all gates.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from dl_core.types import Array


def itself(h: Array) -> Array:
  """Returns h unchanged: the default patch."""
  return h


def over_time(
  forward: Callable, backward: Callable, patch: Callable[[Array], Array] = itself
) -> Callable:
  """Builds a scan over time, and its gradient, from one step's forward and backward.

  Args:
    forward: (state, a, u) -> (state, rates): one step, where a [B, G] is the input's
      part and u = h w + b [B, G] that of the last h, which is the state's last array.
      The rates are arrays [B, H]: all that the way back has to know of the step.
    backward: (cotangents of the new state, rates) -> (those of a, of u, and of the old
      state apart from its way through u).
    patch: linear map h [..., H] -> [..., P]; the kernel multiplies its result instead
      of the last h. It may concatenate copies of h shifted along an axis between B
      and H.

  Returns:
    (a [T, B, G], w [H, G], b [G], state, alive=None, reverse=False) -> (last state, all
    h [T, B, H]). `alive` [T, B] is False at padding, where the state is held and h is
    0; `reverse` scans from step T - 1 to step 0. With a patch, w is [P, G]. If the
    patch shifts along an axis W, then a, h and the state have that axis after B, as in
    [T, B, W, G], and `alive` broadcasts to [T, B, W].
    Products and all h have the type of w; the states and their gradients stay float32,
    as they add up over time.
  """
  ways = {way: one_way(forward, backward, way, patch) for way in (False, True)}

  def run(a, w, b, state, alive=None, reverse=False):
    state = tuple(map(widen, state))
    if alive is None:
      return ways[reverse](a, w, b, state, None)
    alive = alive[..., None]
    last, h = ways[reverse](a, w, b, state, alive)
    return last, jnp.where(alive, h, jnp.zeros_like(h))

  return run


def one_way(
  forward: Callable,
  backward: Callable,
  reverse: bool,
  patch: Callable[[Array], Array],
) -> Callable:
  """Builds the scan of one direction; at padding, its h is the one that is held."""

  def scan(a, w, b, state, alive):
    w = gathered(w)

    def step(state, at):
      a, alive = at
      u = patch(state[-1].astype(w.dtype)) @ w
      u += b.reshape((1,) * (u.ndim - 1) + b.shape)
      after, rates = forward(state, widen(a), u)
      state = chosen(alive, after, state)
      return state, (state[-1].astype(w.dtype), rates)

    return jax.lax.scan(step, state, (a, alive), reverse=reverse)

  @jax.custom_vjp
  def run(a, w, b, state, alive):
    last, (h, _) = scan(a, w, b, state, alive)
    return last, h

  def run_forward(a, w, b, state, alive):
    last, (h, rates) = scan(a, w, b, state, alive)
    return (last, h), (w, state[-1].astype(w.dtype), h, rates, alive)

  def run_backward(residuals, cotangents):
    w, first, h, rates, alive = residuals
    d_last, d_h = cotangents
    transposed = gathered(w).T  # once, not in every step
    back = jax.linear_transpose(patch, first)

    def step(d_state, at):
      d_h, rates, alive = at
      *d_rest, d_said = d_state
      d_held = (*d_rest, d_said + d_h)
      d_a, d_u, d_state = backward(d_held, rates)
      same = d_u is d_a
      d_a, d_u = d_a.astype(w.dtype), d_u.astype(w.dtype)
      d_a, d_u = (chosen(alive, d, jnp.zeros_like(d)) for d in (d_a, d_u))
      # A patch may read a place that is padding in this step, so its gradient is added
      # after the choice.
      *d_rest, d_past = chosen(alive, d_state, d_held)
      d_state = (*d_rest, d_past + back(d_u @ transposed)[0])
      return d_state, (d_a, None if same else d_u)

    d_start, (d_a, d_u) = jax.lax.scan(
      step, d_last, (d_h, rates, alive), reverse=not reverse
    )
    d_u = d_a if d_u is None else d_u
    ends = [h[1:], first[None]] if reverse else [first[None], h[:-1]]
    d_w = outer(merged(patch(jnp.concatenate(ends))), merged(d_u))
    return d_a, d_w, jnp.sum(d_u, axis=tuple(range(d_u.ndim - 1))), d_start, None

  run.defvjp(run_forward, run_backward)
  return run


def chosen(alive: Array | None, new: Any, old: Any) -> Any:
  """Returns `new` where a sequence goes on and `old` where it has ended."""
  if alive is None:
    return new
  return jax.tree.map(lambda new, old: jnp.where(alive, new, old), new, old)


def merged(x: Array) -> Array:
  """Returns [T, B, ..., D] as [T · B ..., D], which XLA multiplies without a copy.

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
