"""`--prompt=TEXT`: a trained model continues one's own text, or answers it."""

import codecs
import dataclasses
import functools
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import jax

from dl_core.data import stream
from dl_core.launch import predict
from dl_core.runtime import signals
from dl_core.tasks import decode, translation
from dl_core.types import Data, UserError, Variables

LINES = '-'  # instead of a text: each line of the standard input


def main(module: ModuleType, name: str, c: Any) -> int:
  """Prints what the model writes, for a text or for each line; returns 0.

  A model of language continues the text, token by token: `--seed` seeds the sampling,
  see also `--temperature`, `--top_k`, `--top_p` and `--length`. A model of pairs of
  texts prints its answer, see `--beam`. A model of masked words prints its guesses. The
  vocabulary is the one that the workdir stores, whatever became of the text since.

  Raises:
    UserError: there is no trained model, or the prompt has a token it does not know.
  """
  model = predict.trained(module, name, c)
  if not c.workdir:
    there = dataclasses.replace(c, workdir=str(model.folder))
    model = predict.trained(module, name, there)
  task, data = model.experiment.task, model.experiment.data
  silent = task.decode is None or data.write is None
  if data.read is None or (silent and task.answer is None):
    raise UserError(f'{name} on {data.spec.source} writes no text; drop --prompt')
  first = None if c.prompt == LINES else data.read(c.prompt)
  variables = model.variables(lambda line: print(line, file=sys.stderr))
  how = told if silent else answered if data.marks else continued
  write = functools.partial(how, task, data, variables, c)
  with signals.at_once():
    if first is not None:
      write(c.prompt, first)
      return 0
    for line in lines():
      try:
        write(line, data.read(line))
      except UserError as error:  # of this line; the next one may do
        print(f'error: {error}', file=sys.stderr, flush=True)
  return 0


def lines() -> Iterator[str]:
  """Yields the lines of the standard input that are not empty.

  A person at a terminal is shown where to write.
  """
  asks = sys.stdin.isatty()
  while True:
    if asks:
      print('> ', end='', file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
      return
    if line.strip():
      yield line.strip()


def continued(task: Any, data: Data, variables: Variables, c: Any, text: str, x: Any):
  """Prints a text and, token by token, its continuation."""
  write = data.write
  assert write, 'checked by `main`'
  decoder = codecs.getincrementaldecoder('utf-8')('replace')
  say = lambda text: print(decode.shown(text), end='', flush=True)
  print(text, end='', flush=True)
  decode.generate(
    task.decode,
    variables,
    x[None],
    c.length,
    jax.random.key(c.seed),
    c.temperature,
    lambda tokens: say(write(tokens[:1], decoder)),
    top_k=c.top_k,
    top_p=c.top_p,
  )
  print(decoder.decode(b'', final=True), flush=True)


def answered(task: Any, data: Data, variables: Variables, c: Any, text: str, x: Any):
  """Prints the answer to a text."""
  del text
  count = data.spec.batch.y.shape[1]
  batch = jax.tree.map(lambda leaf: leaf[None], x)
  marks = translation.marks_of(data)
  tokens = translation.written(
    task.decode, variables, batch, count, marks, c.beam, c.alpha
  )
  (said,) = translation.texts(data, jax.device_get(tokens))
  print(decode.shown(said), flush=True)


def told(task: Any, data: Data, variables: Variables, c: Any, text: str, x: Any):
  """Prints the answer of a model that writes no text."""
  del c, text
  outputs = task.outputs(variables, jax.tree.map(lambda leaf: leaf[None], x))
  output = stream.at(jax.device_get(outputs), 0)
  print(decode.shown(task.answer(x, output, data.spec.classes).words), flush=True)
