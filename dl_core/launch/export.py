"""`--export=FILE`: writes a trained model as another library reads it.

In PyTorch: model.load_state_dict(safetensors.torch.load_file('FILE.safetensors')).
"""

from types import ModuleType

from dl_core import config
from dl_core.config import Config
from dl_core.launch import predict
from dl_core.models.weights import exchange, files
from dl_core.types import UserError


def main(module: ModuleType, name: str, c: Config) -> int:
  """Writes the parameters and running statistics of a run to a file; returns 0.

  Raises:
    UserError: there is no trained model, it has no table of names, or the file's name
      does not end in .safetensors.
  """
  out = config.path(c.export)
  model = predict.trained(module, name, c)
  names = model.experiment.names
  if names is None or not names.tables:
    raise UserError(
      f'--export={out} was given, but no table says what other libraries call the '
      f'layers of {name}; export a model that has one'
    )
  arrays = exchange.given(model.variables(), names)
  settings = {name: values[0] for name, values in names.settings.items() if values}
  files.write(out, arrays, settings)
  print(f'{out}: {len(arrays)} arrays, named as by {next(iter(names.tables))}')
  return 0
