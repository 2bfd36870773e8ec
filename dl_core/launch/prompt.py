"""`--prompt=TEXT`: a trained model continues one's own text."""

import codecs
import dataclasses
import sys
from types import ModuleType

import jax

from dl_core.config import Generating
from dl_core.launch import predict
from dl_core.runtime import signals
from dl_core.tasks import decode
from dl_core.types import UserError


def main(module: ModuleType, name: str, c: Generating) -> int:
  """Prints the prompt and, token by token, its continuation; returns 0.

  `--seed` seeds the sampling; see also `--temperature`, `--top_k`, `--top_p` and
  `--length`. The vocabulary is the one that the workdir stores, whatever became of the
  text since.

  Raises:
    UserError: there is no trained model, or the prompt has a token it does not know.
  """
  model = predict.trained(module, name, c)
  if not c.workdir:
    there = dataclasses.replace(c, workdir=str(model.folder))
    model = predict.trained(module, name, there)
  task, data = model.experiment.task, model.experiment.data
  write = data.write
  if task.decode is None or data.read is None or write is None:
    raise UserError(f'{name} on {data.spec.source} writes no text; drop --prompt')
  prompt = data.read(c.prompt)[None]
  key = jax.random.key(c.seed)
  variables = model.variables(lambda line: print(line, file=sys.stderr))
  decoder = codecs.getincrementaldecoder('utf-8')('replace')
  say = lambda text: print(decode.shown(text), end='', flush=True)
  with signals.at_once():
    print(c.prompt, end='', flush=True)
    decode.generate(
      task.decode,
      variables,
      prompt,
      c.length,
      key,
      c.temperature,
      lambda tokens: say(write(tokens[:1], decoder)),
      top_k=c.top_k,
      top_p=c.top_p,
    )
    print(decoder.decode(b'', final=True), flush=True)
  return 0
