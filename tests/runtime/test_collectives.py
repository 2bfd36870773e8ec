"""Bytes that devices send each other, against counts by hand."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from dl_core.runtime import collectives

MESH = jax.make_mesh((8,), ('x',), axis_types=(AxisType.Auto,))
FLOAT = 4


def program(function, *placed, out):
  """The HLO of a function of arrays that lie on the mesh, {shape: where}."""
  inputs = [
    jax.ShapeDtypeStruct(shape, jnp.float32, sharding=NamedSharding(MESH, lies))
    for shape, lies in placed
  ]
  compiled = jax.jit(function, out_shardings=NamedSharding(MESH, out))
  return compiled.lower(*inputs).compile().as_text()


CASES = {
  'nothing is sent': (jnp.tanh, [((8, 4), P('x'))], P('x'), {}),
  'all-gather': (jnp.tanh, [((8, 4), P('x'))], P(), {'all-gather': 8 * 4 * FLOAT}),
  'all-reduce': (
    lambda x: jnp.sum(x, axis=0), [((8, 4), P('x'))], P(), {'all-reduce': 4 * FLOAT},
  ),
  'all-to-all': (
    jnp.tanh, [((8, 16), P('x'))], P(None, 'x'), {'all-to-all': 16 * FLOAT},
  ),
}  # fmt: skip


@pytest.mark.parametrize('name', CASES)
def test_bytes_are_those_counted_by_hand(name):
  function, placed, out, sent = CASES[name]
  assert collectives.count(program(function, *placed, out=out)) == sent


def test_what_a_loop_sends_counts_in_every_turn():
  """Each gathers what the one before has made."""

  def sent(turns):
    def turn(h, w):
      h = lax.with_sharding_constraint(jnp.tanh(h @ w), NamedSharding(MESH, P('x')))
      return lax.with_sharding_constraint(h, NamedSharding(MESH, P())), None

    loop = lambda x, w: lax.scan(lambda h, _: turn(h, w), x, length=turns)[0]
    placed = [((16, 16), P())] * 2
    return collectives.count(program(loop, *placed, out=P()))['all-gather']

  assert sent(10) - sent(5) == 5 * 16 * 16 * FLOAT


def test_types_are_read_with_all_their_elements():
  assert collectives.size('f32[2,3]{1,0}') == 24
  assert collectives.size('(bf16[4]{0}, s32[], pred[3]{0}, f8e4m3fn[5])') == 20
  assert collectives.size('token[]') == 0


def test_what_begins_and_ends_apart_is_counted_once():
  text = """HloModule m

ENTRY %main (p: f32[4]) -> f32[8] {
  %p = f32[4]{0} parameter(0)
  %s = (f32[4]{0}, f32[8]{0}) all-gather-start(%p), dimensions={0}
  ROOT %d = f32[8]{0} all-gather-done(%s)
}
"""
  assert collectives.count(text) == {'all-gather': 8 * FLOAT}
