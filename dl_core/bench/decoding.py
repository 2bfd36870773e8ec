"""Times the writing of texts in one dispatch, beside PyTorch's loop over the tokens.

Models that answer a text write greedily, models of language draw each token. They are
not trained, and no text ends before its last token, so that every round has the same
work: as many tokens as the longest target, or as `--length`.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dl_core import config, train
from dl_core.bench import benchmark
from dl_core.bench import rounds as timed
from dl_core.bench.benchmark import Ours
from dl_core.data import generated
from dl_core.runtime import flops
from dl_core.tasks import decode as decoding
from dl_core.train import compiled, evaluate
from dl_core.types import Batch, Experiment

TEXTS = 1_000  # that are answered at a time
LOOPS = ('single', 'batch')  # of PyTorch's: see `peers.writing`


def writes(c: config.Config) -> bool:
  """Returns whether an experiment with such settings writes texts."""
  return isinstance(c, config.Answering | config.Generating)


def texts(c: config.Config) -> int:
  """Returns how many texts are written at a time, unless given."""
  return TEXTS if isinstance(c, config.Answering) else 1


def measured(
  loop: str,
  name: str,
  experiment: Experiment,
  peer: bool,
  rounds: int,
  say: Callable[[str], None],
) -> dict[str, Any]:
  """Measures how long an experiment writes `--batch_size` texts; see `benchmark.row`.

  Args:
    loop: one of `LOOPS`.
    name, experiment, peer, rounds, say: see `rounds.contest`.
  """
  key = jax.random.key(experiment.config.seed)
  batch = generated.batch(experiment.data, key)
  found = ours(experiment, batch)
  seen = timed.contest(name, experiment, found.run, 1, batch, peer, rounds, say, loop)
  of = count(experiment)
  row = benchmark.row(
    f'{name} decoding, {loop}', experiment, found, seen.times, seen.first, of
  )
  return row | dict(seen.facts)


def count(experiment: Experiment) -> int:
  """Returns the number of tokens of a text."""
  c = experiment.config
  answers = isinstance(c, config.Answering)
  return experiment.data.spec.batch.y.shape[1] if answers else c.length


def ours(experiment: Experiment, batch: Batch) -> Ours:
  """Compiles the generation of B texts; each starts from token 0."""
  c, decode, length = experiment.config, experiment.task.decode, count(experiment)
  assert decode, 'the model of the task does not write'
  init = functools.partial(train.init_state, experiment)
  state = jax.jit(init)(jax.random.key(c.seed))
  variables = evaluate.variables(experiment, state)
  answers = isinstance(c, config.Answering)
  x = jax.device_put(batch.x) if answers else None
  prompt = np.zeros((c.batch_size, 1), np.int32)

  def write(variables, x):
    key, temperature = jax.random.key(c.seed), 0.0 if answers else 1.0
    return decoding.generate(decode, variables, prompt, length, key, temperature, x=x)

  begun = time.perf_counter()
  program = jax.jit(write).lower(variables, x).compile()
  seconds = time.perf_counter() - begun

  def run(steps: int) -> float:
    begun = time.perf_counter()
    for _ in range(steps):
      jax.block_until_ready(program(variables, x))
    return time.perf_counter() - begun

  peak = sum(compiled.held(program).values())
  return Ours(run, 1, seconds, peak, operations(experiment, variables, x))


def operations(experiment: Experiment, variables: Any, x: Any) -> int:
  """Counts the operations of the products; see `flops`."""
  decode, length = experiment.task.decode, count(experiment)
  assert decode, 'the model of the task does not write'
  texts = experiment.config.batch_size
  start = lambda variables, x: decode.start(
    variables, np.zeros((texts, 0), np.int32) if x is None else x, 1 + length
  )
  state = jax.eval_shape(start, variables, x)
  tokens = jax.ShapeDtypeStruct((texts, 1), np.int32)
  advance = functools.partial(decode.advance, last=True)
  each = flops.count(advance, variables, state, tokens).products
  return flops.count(start, variables, x).products + (1 + length) * each
