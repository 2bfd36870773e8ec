"""Rounds of measurements: ours and the variants of a peer take turns.

Rounds alternate, so that other load on the machine affects both alike; the comparison
is the ratio of the times of one round.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.bench.peers import process
from dl_core.types import Batch, Experiment

SECONDS = 0.3  # that a round of a contestant takes; one dispatch, if that is longer
WARM = 5  # of a round, a part that is not timed comes first: the cores have slept
INTERVAL = (5, 95)  # percentiles, between which nine of ten rounds lie

Run = Callable[[int], float]  # steps -> seconds


class Rounds(NamedTuple):
  """What the rounds of a row have measured.

  Attributes:
    times: {'ours' or a variant of the peer: milliseconds of a step, of each round}.
    first: {variant: seconds of its first steps}.
    facts: the version of the peer, and its variants that do not work.
  """

  times: Mapping[str, np.ndarray]
  first: Mapping[str, float]
  facts: Mapping[str, Any]


def contest(
  name: str,
  experiment: Experiment,
  ours: Run,
  per_call: int,
  batch: Batch,
  peer: bool,
  rounds: int,
  say: Callable[[str], None],
  loop: str = '',
) -> Rounds:
  """Measures ours and the variants of the peer, in turn.

  Args:
    name, experiment: what it is.
    ours: takes steps, a multiple of `per_call`.
    per_call: steps in one dispatch of ours.
    batch: what the peer reads at every step.
    peer: whether to measure PyTorch's beside it.
    rounds: of each contestant.
    say: told what could not be measured.
    loop: see `process.started`.
  """
  c, spec = experiment.config, experiment.data.spec
  runs: dict[str, Run] = {'ours': ours}
  first: dict[str, float] = {}
  facts: dict[str, Any] = {'peer_version': None, 'peer_failures': {}}
  steps = {'ours': steps_of(ours, per_call)}
  with contextlib.ExitStack() as stack:
    if peer and process.exists(name):
      device = {'gpu': 'cuda'}.get(jax.default_backend(), 'cpu')
      twin = stack.enter_context(
        process.started(
          name, c, spec, batch, precision=c.precision, device=device, loop=loop
        )
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
  return Rounds(times, first, facts)


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


def spread(values: np.ndarray) -> tuple[float, float, float]:
  """Returns the lower end of the interval, the median, the upper end."""
  low, high = np.percentile(values, INTERVAL)
  return float(low), float(np.median(values)), float(high)
