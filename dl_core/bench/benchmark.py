"""Times train steps, ours and a PyTorch peer's, alternating in rounds of one process.

The step is the experiment's own, on generated data that are on the device. Rounds
alternate, so that other load on the machine affects both alike; the comparison is the
ratio of the times of one round.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.bench.peers import process
from dl_core.data import generated
from dl_core.runtime import devices, sharding
from dl_core.train import compiled
from dl_core.types import Batch, Data, Experiment, Spec

SECONDS = 0.3  # that a round of a contestant takes; one dispatch, if that is longer
WARM = 5  # of a round, a part that is not timed comes first: the cores have slept
BATCHES = 4  # generated; the steps take them in turn
INTERVAL = (5, 95)  # percentiles, between which nine of ten rounds lie

Run = Callable[[int], float]  # steps -> seconds


class Ours(NamedTuple):
  """A train step of ours, compiled.

  Attributes:
    run: (steps, a multiple of `per_call`) -> seconds.
    per_call: updates in one dispatch.
    compile_seconds: from the functions to the program.
    peak_bytes: of a device: arguments, temporaries and output.
    flops: products of a step, over all devices.
  """

  run: Run
  per_call: int
  compile_seconds: float
  peak_bytes: int
  flops: int


def measured(
  name: str, experiment: Experiment, peer: bool, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
  """Measures the step of an experiment; see `row`.

  Args:
    name, experiment: what it is.
    peer: whether to measure PyTorch's beside it.
    rounds: of each contestant.
    say: told what could not be measured.
  """
  c, spec = experiment.config, experiment.data.spec
  keys = jax.random.split(jax.random.key(c.seed), BATCHES)
  made = [generated.batch(experiment.data, key) for key in keys]
  batches = jax.tree.map(lambda *leaves: np.stack(leaves), *made)
  found = ours(experiment, batches)
  runs: dict[str, Run] = {'ours': found.run}
  first: dict[str, float] = {}
  facts: dict[str, Any] = {'peer_version': None, 'peer_failures': {}}
  steps = {'ours': steps_of(found.run, found.per_call)}
  with contextlib.ExitStack() as stack:
    if peer and process.exists(name):
      one = jax.tree.map(lambda leaf: leaf[0], batches)
      device = {'gpu': 'cuda'}.get(jax.default_backend(), 'cpu')
      twin = stack.enter_context(
        process.started(name, c, spec, one, precision=c.precision, device=device)
      )
      facts = {'peer_version': twin.version, 'peer_failures': dict(twin.failures)}
      for variant, reason in twin.failures.items():
        say(f'{name}: no {variant} ({reason})')
      for variant, seconds in twin.variants.items():
        first[variant] = seconds
        runs[variant] = functools.partial(twin.run, variant)
        steps[variant] = steps_of(runs[variant])
    elif peer:
      say(f'{name} has no peer in dl_core/bench/peers')
    times = interleaved(runs, steps, rounds)
  return row(name, experiment, found, times, first) | facts


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


def steps_of(run: Run, per_call: int = 1) -> int:
  """Returns how many steps fill a round, a multiple of `per_call`."""
  steps = per_call
  run(steps)  # the first is never like the others
  while (seconds := run(steps)) < SECONDS / 2:
    steps *= 2
  return max(1, round(steps * SECONDS / seconds / per_call)) * per_call


def interleaved(
  runs: Mapping[str, Run], steps: Mapping[str, int], rounds: int
) -> dict[str, np.ndarray]:
  """Measures contestants in turn; who begins changes from round to round.

  Returns:
    {name: milliseconds of a step, of each round}.
  """
  names = list(runs)
  found: dict[str, list[float]] = {name: [] for name in names}
  for number in range(rounds):
    shift = number % len(names)
    for name in names[shift:] + names[:shift]:
      runs[name](max(1, steps[name] // WARM))
      found[name].append(1e3 * runs[name](steps[name]) / steps[name])
  return {name: np.array(each) for name, each in found.items()}


def row(
  name: str,
  experiment: Experiment,
  found: Ours,
  times: Mapping[str, np.ndarray],
  first: Mapping[str, float],
) -> dict[str, Any]:
  """Makes a row of the benchmark from the measurements of an experiment.

  Args:
    name, experiment, found: whose step, and what is known of it.
    times: {'ours' or a variant of the peer: milliseconds of a step, of each round}.
    first: {variant: seconds of its first steps}.

  Returns:
    A row of the benchmark's file. The peer is the variant of the lowest median; `ratio`
    is its time over ours, above 1 where we are faster, with the interval of the rounds.
  """
  c, spec = experiment.config, experiment.data.spec
  mesh = sharding.make_mesh(c.mesh)
  low, step_ms, high = spread(times['ours'])
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
    'tokens_per_second': 1e3 * c.batch_size * spec.tokens / step_ms or None,
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
  peers = {variant: spread(ms)[1] for variant, ms in times.items() if variant != 'ours'}
  if peers:
    best = min(peers, key=lambda variant: peers[variant])
    low, ratio, high = spread(times[best] / times['ours'])
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


def spread(values: np.ndarray) -> tuple[float, float, float]:
  """Returns the lower end of the interval, the median, the upper end."""
  low, high = np.percentile(values, INTERVAL)
  return float(low), float(np.median(values)), float(high)
