"""Counts the floating-point operations of a function in its jaxpr, without running it.

Utilisation is computed from `Flops.products`, by the convention of the field: a
multiplication and the addition of its result are 2 operations, and only products of
matrices and convolutions count. All other arithmetic is `Flops.rest`.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.interpreters import partial_eval


def names(text: str) -> frozenset[str]:
  return frozenset(text.split())


# One operation for each element of the output, whatever it costs on a device.
ELEMENTWISE = names(
  """
  abs acos acosh add add_any asin asinh atan atan2 atanh bessel_i0e bessel_i1e cbrt
  ceil clamp conj cos cosh cumlogsumexp cummax cummin cumprod cumsum digamma div erf
  erf_inv erfc exp exp2 expm1 floor igamma igamma_grad_a igammac integer_pow lgamma
  log log1p log2 logistic max min mul neg nextafter one_minus_square pmax pmin
  polygamma pow psum psum_invariant reduce_scatter regularized_incomplete_beta rem
  round rsqrt sign sin sinh sqrt square sub tan tanh unreduced_psum zeta
  """
)
# One operation for each element of the input.
REDUCTIONS = names('reduce reduce_max reduce_min reduce_prod reduce_sum')
# One operation for each element of each window: name -> whose elements have a window.
WINDOWS = {
  'reduce_window': 'output',
  'reduce_window_max': 'output',
  'reduce_window_min': 'output',
  'reduce_window_sum': 'output',
  'select_and_gather_add': 'output',
  'select_and_scatter_add': 'input',
}
# One operation for each element of the updates.
SCATTERS = names('scatter-add scatter-max scatter-min scatter-mul scatter-sub')
# What moves, selects, converts or makes numbers and does no arithmetic on them.
FREE = names(
  """
  all_gather all_gather_invariant all_to_all bitcast_convert_type broadcast_in_dim
  broadcast_to complex concatenate convert_element_type copy copy_p create_token
  device_put dynamic_slice dynamic_update_slice empty empty2 gather get imag iota
  layout_constraint name optimization_barrier pad pbroadcast pcast ppermute pvary real
  reduce_precision reshape reshard rev rng_uniform scatter select_n sharding_constraint
  slice sort split squeeze stack stop_gradient swap tie tile top_k transpose unstack
  """
)


class Flops(NamedTuple):
  """How many operations a call is.

  Attributes:
    products: 2 per multiply-accumulate of matrix products and convolutions.
    rest: one per element of other arithmetic on floating-point numbers.
    unknown: primitives whose cost is not known, by name. A `while` is counted as if it
      ran once, all others are left out. If there are none, the count is complete.
  """

  products: int = 0
  rest: int = 0
  unknown: frozenset[str] = frozenset()


def count(function: Callable, *args: Any) -> Flops:
  """Counts the operations of `function(*args)`, over all devices together.

  What no output depends on is left out, as XLA leaves it out. Integers, comparisons and
  what only moves numbers are free. A loop counts as often as it runs, `while` once; of
  the branches of `cond` the one with the most products counts, of those of
  `platform_dependent` the default. A complex product counts
  four times a real one.

  Args:
    function: anything that can be traced.
    args: pytrees of arrays or of `jax.ShapeDtypeStruct`.
  """
  jaxpr = jax.make_jaxpr(function)(*args).jaxpr
  used, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
  return count_jaxpr(used)


def count_jaxpr(jaxpr: Any) -> Flops:
  """Counts the operations of all equations of a jaxpr."""
  return total(count_equation(equation) for equation in jaxpr.eqns)


def total(counts: Iterator[Flops]) -> Flops:
  products, rest, unknown = 0, 0, frozenset[str]()
  for each in counts:
    products += each.products
    rest += each.rest
    unknown |= each.unknown
  return Flops(products, rest, unknown)


def times(n: int, each: Flops) -> Flops:
  if n == 0:
    return Flops()
  return Flops(n * each.products, n * each.rest, each.unknown)


def count_equation(equation: Any) -> Flops:
  name, params = equation.primitive.name, equation.params
  inputs = [variable.aval for variable in equation.invars]
  outputs = [variable.aval for variable in equation.outvars]
  floats = sum(size(aval) for aval in outputs)
  if name == 'dot_general':
    return Flops(products=product(params, *inputs, *outputs))
  if name == 'conv_general_dilated':
    return Flops(products=convolution(params, *inputs, *outputs))
  if name in ELEMENTWISE:
    return Flops(rest=floats)
  if name in REDUCTIONS:
    return Flops(rest=sum(size(aval) for aval in inputs) if floats else 0)
  if name in WINDOWS:
    elements = floats if WINDOWS[name] == 'output' else size(inputs[0])
    return Flops(rest=elements * math.prod(params['window_dimensions']))
  if name in SCATTERS:
    return Flops(rest=size(inputs[2]))
  if name in FREE:
    return Flops()
  inner = [count_jaxpr(jaxpr) for jaxpr in inside(params)]
  if name == 'cond' and params.get('branches_platforms'):
    # The branch of no platform is what is meant; others are how one computes it.
    return inner[params['branches_platforms'].index(None)]
  if name == 'cond':
    return max(inner, key=lambda each: each[:2])._replace(
      unknown=total(iter(inner)).unknown
    )
  if not inner or name in ('pallas_call', 'custom_linear_solve', 'linear_call'):
    return Flops(unknown=frozenset([name] if floats else []))
  repeats = 1
  if name == 'scan':
    repeats = params['length']
  elif name == 'while' and any(each != Flops() for each in inner):
    inner.append(Flops(unknown=frozenset([name])))
  elif name == 'shard_map':  # the body has the shapes of one device
    repeats = math.prod(params['mesh'].shape[a] for a in params['newly_manual_axes'])
  return times(repeats, total(iter(inner)))


def inside(params: dict[str, Any]) -> Iterator[Any]:
  """Yields the jaxprs among the parameters of an equation."""
  kinds = (core.Jaxpr, core.ClosedJaxpr)
  for value in params.values():
    for each in value if isinstance(value, tuple | list) else (value,):
      if isinstance(each, kinds):
        yield getattr(each, 'jaxpr', each)


def chooses(jaxpr: Any) -> bool:
  """Returns whether a jaxpr chooses by its data among branches that multiply.

  `count` then counts the branch with the most products, and `jax.vmap` computes all.
  """
  return any(
    (
      equation.primitive.name == 'cond'
      and not equation.params.get('branches_platforms')
      and count_equation(equation).products > 0
    )
    or any(map(chooses, inside(equation.params)))
    for equation in jaxpr.eqns
  )


def size(aval: Any) -> int:
  """Returns how many floating-point numbers there are in an array."""
  floating = jnp.issubdtype(getattr(aval, 'dtype', bool), jnp.inexact)
  return math.prod(aval.shape) if floating else 0


def cost(aval: Any) -> int:
  """Returns the operations of one multiply-accumulate into an array."""
  return 8 if jnp.issubdtype(aval.dtype, jnp.complexfloating) else 2


def product(params: dict[str, Any], left: Any, right: Any, output: Any) -> int:
  """Counts 2 · batch · m · n · k."""
  (contracted, _), _ = params['dimension_numbers']
  return cost(output) * size(output) * math.prod(left.shape[d] for d in contracted)


def convolution(params: dict[str, Any], left: Any, right: Any, output: Any) -> int:
  """Counts 2 · outputs · window · input channels of a group, less inserted zeros."""
  axes = params['dimension_numbers']
  batch, features, *outputs = (output.shape[d] for d in axes.out_spec)
  _, channels, *windows = (right.shape[d] for d in axes.rhs_spec)
  _, _, *inputs = (left.shape[d] for d in axes.lhs_spec)
  places = 1
  for d, (n_in, n_out, window) in enumerate(zip(inputs, outputs, windows, strict=True)):
    places *= meetings(
      n_in,
      n_out,
      window,
      stride=params['window_strides'][d],
      before=params['padding'][d][0],
      hole=params['lhs_dilation'][d],
      spread=params['rhs_dilation'][d],
    )
  return cost(output) * batch * features * channels * places if size(output) else 0


def meetings(
  inputs: int,
  outputs: int,
  window: int,
  *,
  stride: int,
  before: int,
  hole: int,
  spread: int,
) -> int:
  """Counts the products along one dimension of a convolution.

  They are outputs · window, padding included as is usual, without the places between
  two inputs that dilation filled with zeros. As an input meets each place of the window
  once at most, they are never more than inputs · window: so the gradient to the input
  of a convolution without padding, a convolution with much of it, counts what the
  convolution counts. Among dilated inputs it also meets each output once at most.

  Args:
    inputs, outputs, window: how many there are of each.
    stride: from one output to the next, in (dilated) inputs.
    before: padding before the first input; negative if it is cut off.
    hole, spread: the dilation of the inputs and of the window.
  """
  # The output o sees through place k of its window the place o·stride + k·spread.
  seen = Counter(o * stride % hole for o in range(outputs))
  through = Counter((before - k * spread) % hole for k in range(window))
  most = sum(number * through[place] for place, number in seen.items())
  if hole > 1:
    most = min(most, inputs * outputs)
  return min(most, inputs * window)
