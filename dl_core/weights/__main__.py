"""Writes a model as another library reads it.

python -m dl_core.weights export WORKDIR OUT.safetensors

In PyTorch: model.load_state_dict(safetensors.torch.load_file('OUT.safetensors')).
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from dl_core import launch, predict, workdir
from dl_core.types import UserError
from dl_core.weights import exchange, files


def main(argv: Sequence[str]) -> int:
  """Does what the command line says; returns the exit code."""
  if launch.HELP & set(argv):
    print(__doc__.strip())
    return 0
  return launch.guarded(lambda: command(argv))


def command(argv: Sequence[str]) -> int:
  if len(argv) != 3 or argv[0] != 'export':
    given = ' '.join(argv) or 'nothing'
    raise UserError(
      f'{given} was given, export WORKDIR OUT{files.OWN} is wanted; see '
      'python -m dl_core.weights --help'
    )
  print(export(Path(argv[1]).expanduser(), Path(argv[2]).expanduser()))
  return 0


def export(folder: Path, out: Path) -> str:
  """Writes the parameters and statistics of a run; returns what there is to say.

  Raises:
    UserError: it is no run, or of a model that has no table of names.
  """
  name = workdir.read_config(folder)['experiment']
  if out.suffix != files.OWN:
    raise UserError(f'{out} was given, but a name that ends in {files.OWN} is wanted')
  module = importlib.import_module(f'experiments.{name}')
  if not hasattr(module, 'build'):
    raise UserError(f'{folder} is of a study; name one of the folders of its runs')
  model = predict.trained(module, name, module.Config(workdir=str(folder)))
  names = model.experiment.names
  if names is None:
    raise UserError(
      f'no table says what other libraries call the layers of {name}; name a run of a '
      'model that has one, as cifar_resnet'
    )
  arrays = exchange.given(model.variables(), names)
  files.write(out, arrays)
  return f'{out}: {len(arrays)} arrays, named as by {next(iter(names.tables))}'


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
