"""`--predict=FILE...`: a trained model answers one's own files or sentences."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import config, train
from dl_core.config import Config
from dl_core.data import stored as declared
from dl_core.data import stream
from dl_core.report import svg
from dl_core.runtime import multihost
from dl_core.train import compiled, evaluate, initial, workdir
from dl_core.types import Answer, Experiment, UserError, Variables

SHOWN = 3  # classes shown for each file
STATE = ('state',)  # prefix of the names of the arrays that are read


class Trained(NamedTuple):
  """A trained model: the experiment it was built from, and its workdir."""

  experiment: Experiment
  folder: Path

  def variables(self, say: Callable[[str], None] = print) -> Variables:
    """Reads its variables. Raises UserError where there is no good checkpoint."""
    shapes = train.shapes(self.experiment)
    # A checkpoint that several processes saved is read by all of them together.
    shardings = compiled.layout_of(self.experiment)(shapes)
    struct = lambda leaf, place: jax.ShapeDtypeStruct(
      leaf.shape, leaf.dtype, sharding=place
    )
    state = jax.tree.map(struct, shapes, shardings)
    state = state.replace(key=jax.random.key(0))  # no shape stands for a key
    state = initial.read(self.folder, state, say, STATE)
    return multihost.local(evaluate.variables(self.experiment, state))


def trained(module: ModuleType, name: str, c: Config) -> Trained:
  """Returns the model of --workdir, with the settings stored there, or of the settings.

  Raises:
    UserError: there is no run of this experiment, or it has other settings than given.
  """
  if not hasattr(module, 'build'):
    raise UserError(
      f'{name} is a study and has no model of its own; use the experiment and the '
      'workdir of one of its runs'
    )
  if c.workdir:
    stored = workdir.read_config(config.path(c.workdir))
    if stored['experiment'] != name:
      raise UserError(
        f'{c.workdir} is a run of {stored["experiment"]}, not of {name}; use '
        f'python -m experiments.{stored["experiment"]}'
      )
    settings, identity = stored['settings'], stored['identity']
    if identity.get('runs'):
      raise initial.without(config.path(c.workdir))
    kept = declared.declaration(settings['dataset'], c.workdir)
    place = c.workdir if kept else settings['data_dir']
    own = {'workdir': c.workdir, 'data_dir': c.data_dir or place}
    before = config.restored(module.Config, settings | own)
    for entry in dataclasses.fields(c):
      given, there = getattr(c, entry.name), getattr(before, entry.name)
      matters = entry.name in identity and entry.name != 'seed'
      if matters and given not in (there, entry.default):
        raise UserError(
          f'--{entry.name}={config.stored(given)} was given, but {c.workdir} was '
          f'trained with --{entry.name}={config.stored(there)}; drop it'
        )
    c = before
  experiment = module.build(c)
  spec = experiment.data.spec
  return Trained(experiment, workdir.find(workdir.Owner(name, name, c, spec.source)))


def main(module: ModuleType, name: str, c: Config, given: list[str]) -> int:
  """Prints the model's answer to each file or sentence.

  What can be drawn is drawn, into `predicted` in the workdir.

  Returns:
    0; or 1 where an answer could not be drawn.

  Raises:
    UserError: there is no trained model, or an input cannot be read.
  """
  model = trained(module, name, c)
  data, task = model.experiment.data, model.experiment.task
  spec = data.spec
  classes = tuple(workdir.read_config(model.folder)['classes'])  # of its training
  answer = task.answer or (likeliest if classes and task.decode is None else None)
  if data.read is None or task.outputs is None or answer is None:
    instead = 'use --translate' if model.experiment.translate else 'drop --predict'
    raise UserError(f'{name} on {spec.source} does not classify files; {instead}')
  examples = [data.read(each) for each in given]
  x = jax.tree.map(lambda *leaves: jnp.stack(leaves), *examples)
  outputs = jax.device_get(task.outputs(model.variables(), x))
  failed = 0
  for number, each in enumerate(given):
    words, draw, mask = answer(examples[number], stream.at(outputs, number), classes)
    if mask is not None:
      assert data.restore is not None
      mask = data.restore(each, mask)
      path = placed(model.folder, number, each, 'predicted', '-mask')
      words = f'{words}; mask in {written(path, mask)}'
    if draw is not None:
      found = drawn(model.folder, number, each, draw)
      words, failed = f'{words}; {found.words}', failed + found.failed
    print(svg.legible(f'{each}: {words}').replace('\n', r'\n'))
  return 1 if failed else 0


def likeliest(x: Any, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers with the likeliest classes of logits [K] and their probabilities."""
  del x
  chances = np.asarray(jax.nn.softmax(logits))
  best = np.argsort(-chances)[:SHOWN]
  return Answer(', '.join(f'{classes[k]} {chances[k]:.1%}' for k in best))


class Drawn(NamedTuple):
  """Where an answer was drawn, in words, or why it was not."""

  words: str
  failed: bool


def drawn(
  folder: Path,
  number: int,
  given: str,
  draw: Callable[[], Any],
  place: str = 'predicted',
) -> Drawn:
  """Draws an answer into the workdir; an error in the drawing costs no answer."""
  path = placed(folder, number, given, place)
  try:
    with svg.styled(path.stem.partition('-')[2]):
      draw().savefig(path, dpi=150, transparent=False)
  except OSError:
    raise
  except Exception as error:
    return Drawn(f'not drawn ({type(error).__name__}: {error})', True)
  return Drawn(f'drawn in {path}', False)


def placed(folder: Path, number: int, given: str, place: str, end: str = '') -> Path:
  """Returns the path of a picture of the answer to a file, in a folder that is made."""
  name = re.sub(r'[^\w.-]', '_', Path(given).stem)[:40]
  path = folder / place / f'{number + 1}-{name}{end}.png'
  path.parent.mkdir(exist_ok=True)
  return path


def written(path: Path, pixels: np.ndarray) -> Path:
  """Writes pixels uint8, grey [H, W] or [H, W, 3], as a PNG; returns its path."""
  from PIL import Image

  Image.fromarray(pixels).save(path)
  return path
