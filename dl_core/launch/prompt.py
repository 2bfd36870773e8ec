"""`--prompt=TEXT`: a trained model continues one's own text."""

import functools
import sys
from types import ModuleType

import jax
import numpy as np

from dl_core.config import Generating
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
    raise UserError(f'{name} on {c.dataset} writes no text; drop --prompt')
  classes = workdir.read_config(model.folder)['classes']  # those it was trained on
  prompt, key = np.asarray(data.read(c.prompt))[None], jax.random.key(c.seed)
  variables = model.variables(lambda text: print(text, file=sys.stderr))
  say = functools.partial(print, end='', flush=True)
  tell = lambda tokens: say(decode.shown(classes[int(tokens[0])]))
  with signals.at_once():
    say(c.prompt)
    decode.generate(task.decode, variables, prompt, c.length, key, c.temperature, tell)
    print(flush=True)
  return 0
