"""The compiled functions of an experiment; a dispatch makes one update, or several."""

import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from dl_core import metrics, tasks
from dl_core.runtime import compilation, devices, flops, sharding
from dl_core.runtime.sharding import Layout
from dl_core.train import evaluate
from dl_core.train.update import TrainState, data_key, init_state, make_update, shapes
from dl_core.types import Array, Experiment, Key, Metrics


class Compiled(NamedTuple):
  """What is compiled of an experiment, when it is first called, for every run of it.

  Attributes:
    layout: where states lie.
    start: (key) -> (state, metrics) of a new run; metrics are none yet.
    call: what is dispatched, (state, sums, arrays, count) -> (state, sums, skipped): it
      takes the batch of the state's step out of the arrays, updates, and adds to the
      metrics since the last report, `count` times.
    most: the highest count.
    evaluator: (state, split) -> mean metrics.
  """

  layout: Layout
  start: Callable[[Key], tuple[TrainState, Metrics]]
  call: Any  # jitted
  most: int
  evaluator: Callable[[Any, str], dict[str, float]]


def make(experiment: Experiment, layout: Layout, runs: int = 1) -> Compiled:
  """Makes what is compiled of an experiment.

  Several updates in one dispatch are a loop whose trip count is an argument, so that
  all ways to group them agree bit for bit. One update by itself is no loop: XLA's CPU
  backend computes some models faster so, and in another order.

  Args:
    experiment: what is trained.
    layout: where its states lie.
    runs: how many have their states stacked along a first axis in `call`, if several.
  """
  task = tasks.computed_in(experiment.task, experiment.config.precision)
  experiment = experiment._replace(task=task)
  # Inlined, so that both are traced once, for their shapes and in what is compiled.
  update = jax.jit(make_update(experiment.task, experiment.optimizers), inline=True)
  init = jax.jit(functools.partial(init_state, experiment), inline=True)
  most = steps_per_call(experiment)

  def start(key: Key):
    sums = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), measured)
    return init(key), sums | metrics.peak(sums, 0)

  def once(state: TrainState, sums: Metrics, arrays: Any):
    batch = experiment.data.take(arrays, data_key(state), state.step)
    state, new = update(state, sharding.constrain(batch, layout.mesh))
    new |= metrics.peak(new, state.step - 1)
    return state, metrics.add(sums, new)

  def call(state: TrainState, sums: Metrics, arrays: Any, count: Array):
    if most == 1:
      state, sums = once(state, sums, arrays)
    else:
      each = lambda _, carry: once(carry[0], carry[1], arrays)
      state, sums = jax.lax.fori_loop(0, count, each, (state, sums))
    return state, sums, state.skipped

  here = NamedSharding(layout.mesh, PartitionSpec())
  on_mesh = lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here)
  with jax.set_mesh(layout.mesh):  # what is traced without it is traced anew on it
    inputs = (jax.eval_shape(init, jax.random.key(0)), experiment.data.spec.batch)
    measured = jax.eval_shape(update, *jax.tree.map(on_mesh, inputs))[1]
    begun = jax.eval_shape(start, jax.random.key(0))
  check_memory(begun, runs)
  shardings = layout(begun, runs)
  several = jax.vmap(call, (0, 0, None, None)) if runs > 1 else call
  return Compiled(
    layout,
    jax.jit(start, out_shardings=layout(begun), compiler_options=compilation.ONCE),
    jax.jit(
      several,
      donate_argnums=0,
      out_shardings=(*shardings, shardings[0].skipped),
      compiler_options=compilation.often(),
    ),
    most,
    evaluate.make_evaluator(
      experiment, lambda batch: sharding.spread(batch, layout.mesh)
    ),
  )


def check_memory(state: Any, runs: int = 1) -> None:
  """Raises MemoryError where this machine has not the memory for so many states.

  Accelerators say so themselves; a CPU hands out what there is not, and is stopped by
  the system when that is written to.

  Args:
    state: arrays, or their shapes and types.
    runs: how many such states there are to be.
  """
  if jax.default_backend() != 'cpu' or jax.process_count() > 1:
    return
  sizes = (leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
  wanted = runs * sum(sizes)
  there = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
  if wanted > there:
    raise MemoryError(
      f'{wanted / 2**30:,.0f} GiB for the state of a run, of {there / 2**30:.0f}'
    )


def steps_per_call(experiment: Experiment) -> int:
  """Returns how many updates one dispatch makes, if nothing comes between them."""
  given = experiment.config.steps_per_call
  return given or experiment.steps_per_call.get(jax.default_backend(), 1)


def busy(experiment: Experiment, mesh: jax.sharding.Mesh) -> float:
  """Returns the seconds of a step if all devices computed at their peak; 0: unknown."""
  peak = devices.peak(mesh.devices.flat[0], experiment.config.precision)
  if not peak:
    return 0.0
  return operations(experiment) / (peak * mesh.size)


def operations(experiment: Experiment) -> int:
  """Counts the operations of a step's products, over all devices; see `flops`."""
  update = make_update(experiment.task, experiment.optimizers)
  spec = experiment.data.spec
  return flops.count(update, shapes(experiment), spec.batch).products


def held(program: Any) -> dict[str, int]:
  """Returns the bytes of a device that a compiled program takes.

  Returns:
    {arguments, temporaries, output: what does not take the place of an argument}.
  """
  memory = program.memory_analysis()
  return {
    'arguments': memory.argument_size_in_bytes,
    'temporaries': memory.temp_size_in_bytes,
    'output': memory.output_size_in_bytes - memory.alias_size_in_bytes,
  }


def layout_of(experiment: Experiment) -> Layout:
  """Returns where `--mesh` has the states of an experiment lie."""
  return Layout(sharding.make_mesh(experiment.config.mesh), experiment.partition)
