"""`--prompt=TEXT`: a trained model goes on with one's own text."""

import sys
from types import ModuleType

import jax
import numpy as np

from dl_core import decode, predict, workdir
from dl_core.config import Generating
from dl_core.types import UserError


def main(module: ModuleType, name: str, c: Generating) -> int:
  """Prints the prompt and, symbol by symbol, what the model makes of it; returns 0.

  `--seed` draws, `--temperature` and `--length` say how and how much.

  Raises:
    UserError: there is no trained model, or the prompt has a symbol it does not know.
  """
  say = lambda text: print(text, file=sys.stderr)  # noqa: E731
  model = predict.trained(module, name, c, say)
  task, data = model.experiment.task, model.experiment.data
  if task.decode is None or data.read is None:
    raise UserError(f'{name} on {c.dataset} writes no text; drop --prompt')
  classes = workdir.read_config(model.folder)['classes']  # those it was trained on
  prompt = np.asarray(data.read(c.prompt))[None]
  tell = lambda symbols: print(classes[int(symbols[0])], end='', flush=True)  # noqa: E731
  print(c.prompt, end='', flush=True)
  key = jax.random.key(c.seed)
  written = decode.generate(
    task.decode, model.variables, prompt, c.length, key, c.temperature, tell
  )
  jax.block_until_ready(written)
  print()
  return 0
