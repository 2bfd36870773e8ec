"""Times train steps, ours and a PyTorch peer's, alternating in rounds of one process.

The step is the experiment's own, on generated data that are on the device.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.bench import rounds as timed
from dl_core.data import generated
from dl_core.runtime import devices, sharding
from dl_core.train import compiled
from dl_core.types import Batch, Data, Experiment, Spec

BATCHES = 4  # generated; the steps take them in turn


class Ours(NamedTuple):
  """A train step of ours, compiled.

  Attributes:
    run: (steps, a multiple of `per_call`) -> seconds.
    per_call: updates in one dispatch.
    compile_seconds: from the functions to the program.
    peak_bytes: of a device: arguments, temporaries and output.
    flops: products of a step, over all devices.
  """

  run: timed.Run
  per_call: int
  compile_seconds: float
  peak_bytes: int
  flops: int


def measured(
  name: str, experiment: Experiment, peer: bool, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
  """Measures the step of an experiment; see `row`.

  Args:
    name, experiment, peer, rounds, say: see `rounds.contest`.
  """
  keys = jax.random.split(jax.random.key(experiment.config.seed), BATCHES)
  made = [generated.batch(experiment.data, key) for key in keys]
  batches = jax.tree.map(lambda *leaves: np.stack(leaves), *made)
  found = ours(experiment, batches)
  seen = timed.contest(
    name, experiment, found.run, found.per_call, made[0], peer, rounds, say
  )
  return row(name, experiment, found, seen.times, seen.first) | dict(seen.facts)


def data_of(spec: Spec, batches: Batch) -> Data:
  """Makes the Data of generated batches, which steps take in turn."""

  def take(arrays, key, step):
    del key
    return jax.tree.map(lambda leaf: leaf[step % leaf.shape[0]], arrays)

  return Data(spec, feed=lambda key, step: batches, take=take, splits={})


def ours(experiment: Experiment, batches: Batch) -> Ours:
  """Compiles the train step of an experiment."""
  experiment = experiment._replace(data=data_of(experiment.data.spec, batches))
  shared = compiled.make(experiment, compiled.layout_of(experiment))
  mesh, most = shared.layout.mesh, shared.most
  with jax.set_mesh(mesh):
    state, sums = shared.start(jax.random.key(experiment.config.seed))
    arrays = sharding.spread(batches, mesh, -1)
    begun = time.perf_counter()
    call = shared.call.lower(state, sums, arrays, np.int32(most)).compile()
    seconds = time.perf_counter() - begun

  def run(steps: int) -> float:
    nonlocal state, sums
    begun = time.perf_counter()
    for _ in range(max(1, steps // most)):
      state, sums, _ = call(state, sums, arrays, np.int32(most))
    jax.block_until_ready((state, sums))
    return time.perf_counter() - begun

  peak = sum(compiled.held(call).values())
  return Ours(run, most, seconds, peak, compiled.operations(experiment))


def row(
  name: str,
  experiment: Experiment,
  found: Ours,
  times: Mapping[str, np.ndarray],
  first: Mapping[str, float],
  tokens: int | None = None,
) -> dict[str, Any]:
  """Makes a row of the benchmark from the measurements of an experiment.

  Args:
    name, experiment, found: whose step, and what is known of it.
    times, first: see `rounds.Rounds`.
    tokens: how many of an example a step takes; None: those of the spec.

  Returns:
    A row of the benchmark's file. The peer is the variant of the lowest median; `ratio`
    is its time over ours, above 1 where we are faster, with the interval of the rounds.
  """
  c = experiment.config
  tokens = experiment.data.spec.tokens if tokens is None else tokens
  mesh = sharding.make_mesh(c.mesh)
  low, step_ms, high = timed.spread(times['ours'])
  peak = devices.peak(mesh.devices.flat[0], c.precision)
  each = found.flops / (step_ms / 1e3)
  figures: dict[str, Any] = {
    'experiment': name,
    'batch_size': c.batch_size,
    'precision': c.precision,
    'steps_per_call': found.per_call,
    'mesh': dict(mesh.shape),
    'rounds': len(times['ours']),
    'compile_seconds': found.compile_seconds,
    'step_ms': step_ms,
    'step_ms_low': low,
    'step_ms_high': high,
    'examples_per_second': 1e3 * c.batch_size / step_ms,
    'tokens_per_second': 1e3 * c.batch_size * tokens / step_ms or None,
    'flops_per_step': found.flops,
    'flops_per_second': each,
    'mfu': each / (peak * mesh.size) if peak else None,
    'peak_bytes': found.peak_bytes,
    'peer': None,
    'peer_ms': None,
    'ratio': None,
    'ratio_low': None,
    'ratio_high': None,
    'peers': {},
  }
  peers = {
    variant: timed.spread(ms)[1] for variant, ms in times.items() if variant != 'ours'
  }
  if peers:
    best = min(peers, key=lambda variant: peers[variant])
    low, ratio, high = timed.spread(times[best] / times['ours'])
    figures |= {
      'peer': best,
      'peer_ms': peers[best],
      'ratio': ratio,
      'ratio_low': low,
      'ratio_high': high,
      'peers': {
        variant: {'ms': ms, 'compile_seconds': first[variant]}
        for variant, ms in peers.items()
      },
    }
  return figures
