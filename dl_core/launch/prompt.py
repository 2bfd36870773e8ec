"""`--prompt=TEXT`: a trained model continues one's own text."""

import functools
import sys
from types import ModuleType

import jax

from dl_core.config import Generating
from dl_core.data import text
from dl_core.launch import predict
from dl_core.runtime import signals
from dl_core.tasks import decode
from dl_core.train import workdir
from dl_core.types import UserError


def main(module: ModuleType, name: str, c: Generating) -> int:
  """Prints the prompt and, token by token, its continuation; returns 0.

  `--seed` seeds the sampling; see also `--temperature` and `--length`.

  Raises:
    UserError: there is no trained model, or the prompt has a token it does not know.
  """
  model = predict.trained(module, name, c)
  task, data = model.experiment.task, model.experiment.data
  if task.decode is None or data.read is None:
    raise UserError(f'{name} on {data.spec.source} writes no text; drop --prompt')
  classes = workdir.read_config(model.folder)['classes']  # those it was trained on
  prompt = text.prompt(c.prompt, vocabulary=''.join(classes))[None]
  key = jax.random.key(c.seed)
  variables = model.variables(lambda line: print(line, file=sys.stderr))
  say = functools.partial(print, end='', flush=True)
  tell = lambda tokens: say(decode.shown(classes[int(tokens[0])]))
  with signals.at_once():
    say(c.prompt)
    decode.generate(task.decode, variables, prompt, c.length, key, c.temperature, tell)
    print(flush=True)
  return 0
