"""Reads and writes files of named arrays: safetensors, and PyTorch's if installed.

No code in a file is executed: PyTorch's files are read with `weights_only`.
"""

import argparse
import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.models.weights import origins
from dl_core.types import UserError

OWN = '.safetensors'
PYTORCH = ('.pth', '.pt', '.th', '.bin', '.tar')  # .tar: model_best.pth.tar
AVERAGES = ('state_dict_ema', 'model_ema')  # moving averages of the weights
STATES = (*AVERAGES, 'state_dict', 'model', 'model_state_dict', 'net')
WRAPPERS = {'module', '_orig_mod'}  # DataParallel, AveragedModel and torch.compile
UPDATES = 'n_averaged'  # the counter of AveragedModel


STUDY = 'study:'  # `--init_from=study:LABEL` is a run of the same study


class File(NamedTuple):
  """What a file of weights holds.

  Attributes:
    arrays: {name: array}, floating-point arrays as float32.
    architecture: what the file, or a name beside it, calls the network; '' if unknown.
    notes: what was chosen among the contents, a sentence each.
    settings: of the network, as far as the file, or one beside it, tells them.
  """

  arrays: dict[str, np.ndarray]
  architecture: str
  notes: list[str]
  settings: origins.Settings


def named(text: str) -> bool:
  """Returns whether `--init_from=text` names a file of weights, not a workdir."""
  if sibling(text):
    return False
  path = Path(os.path.expanduser(text))
  return path.is_file() or (path.suffix in (OWN, *PYTORCH) and not path.is_dir())


def sibling(text: str) -> bool:
  """Returns whether `--init_from=text` names a run of the same study."""
  return text.startswith(STUDY)


def place(text: str) -> str:
  """Returns what a record says of `--init_from`: a file, WORKDIR or study:LABEL."""
  if sibling(text):
    return text
  return Path(text).name if text and named(text) else 'WORKDIR' if text else ''


def read(path: Path) -> File:
  """Reads a file of weights.

  Raises:
    UserError: the file does not exist, is of another kind or damaged, or needs PyTorch,
      which is not installed.
  """
  if path.suffix not in (OWN, *PYTORCH):
    raise UserError(
      f'--init_from={path} was given, which is no workdir and no file of weights; give '
      f'one that ends in {OWN}, {", ".join(PYTORCH)}'
    )
  if not path.is_file():
    raise UserError(
      f'--init_from={path} was given, and there is no such file; name one that is there'
    )
  found = safetensors(path) if path.suffix == OWN else pytorch(path)
  if not found.arrays:
    raise UserError(f'{path} holds no arrays; give a file of weights')
  arrays = {name: single(array) for name, array in unwrapped(found.arrays).items()}
  settings = {**origins.beside(path), **found.settings}
  told = found.architecture or origins.architecture(path, settings)
  return File(arrays, told, found.notes, settings)


def unwrapped(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Drops the levels that wrappers add to names, wherever they stand in a name.

  The features alone are wrapped in the AlexNet and VGG files of pytorch/examples.
  """
  levels = {name: name.split('.') for name in arrays}
  shorter = {
    '.'.join(level for level in levels[name] if level not in WRAPPERS): array
    for name, array in arrays.items()
  }
  if len(shorter) < len(arrays) or shorter.keys() == arrays.keys():
    return arrays
  shorter.pop(UPDATES, None)
  return shorter


def single(array: np.ndarray) -> np.ndarray:
  floating = jnp.issubdtype(array.dtype, jnp.floating)  # bfloat16 among them
  return array.astype(np.float32) if floating else array


def safetensors(path: Path) -> File:
  import safetensors.numpy as library

  try:
    with library.safe_open(path, framework='numpy') as file:
      metadata = file.metadata() or {}
    settings = json.loads(metadata.get('settings', '{}'))
    return File(library.load_file(path), metadata.get('architecture', ''), [], settings)
  except Exception as error:  # its own, and what NumPy says of a type it lacks
    raise damaged(path, error) from error


def pytorch(path: Path) -> File:
  try:
    import torch
  except ImportError:
    raise UserError(
      f'{path} was given, which PyTorch reads, and it is not installed; install it '
      f"(pip install -e '.[bench]'), or give a file that ends in {OWN}"
    ) from None
  try:
    with torch.serialization.safe_globals(plain()):
      content: Any = torch.load(path, map_location='cpu', weights_only=True)
    state, told, notes, settings = chosen(content)
    arrays = {
      name: (one.float() if one.is_floating_point() else one).detach().numpy()
      for name, one in state.items()
      if isinstance(name, str) and isinstance(one, torch.Tensor)
    }
  except Exception as error:  # pickle, zip and torch have many
    raise damaged(path, error) from error
  return File(arrays, told, notes, settings)


def plain() -> list[Any]:
  """Returns what training programs save beside weights; it holds values, no code."""
  scalar = np.float64(0).__reduce__()[0]
  dtypes = [type(np.dtype(kind)) for kind in ('float64', 'float32', 'int64')]
  olds = [(scalar, 'numpy.core.multiarray.scalar')]
  return [argparse.Namespace, scalar, *olds, np.dtype, *dtypes]


def chosen(
  content: Any,
) -> tuple[Mapping[Any, Any], str, list[str], origins.Settings]:
  """Returns the weights in the content of a checkpoint, and what is known of them.

  Returns:
    The named arrays; the name of the network, '' if unknown; what was chosen; the
    settings of the network.
  """
  told, notes, settings = '', list[str](), dict[str, Any]()
  while isinstance(content, Mapping):
    states = [name for name in STATES if isinstance(content.get(name), Mapping)]
    if not states:
      return content, told, notes, settings
    given = content.get('args')
    given = vars(given) if isinstance(given, argparse.Namespace) else given
    settings |= origins.flat(given) if isinstance(given, Mapping) else {}
    for name in (content.get('arch'), settings.get('model')):
      told = told or (name if isinstance(name, str) else '')
    taken, others = states[0], states[1:]
    if others and taken in AVERAGES:
      notes.append(f'the moving average ({taken}) was taken, not {others[0]}')
    content = content[taken]
  return {}, told, notes, settings


def damaged(path: Path, error: Exception) -> UserError:
  words = ' '.join(re.sub(r'\x1b\[\d*m', '', str(error)).split())
  telling = re.search('[a-z]{3}', words)  # pickle says no more than a byte
  reason = words.partition('. ')[0][:160] if telling else type(error).__name__
  return UserError(
    f'{path} was given, which cannot be read as weights ({reason}); give a whole file '
    'of named arrays'
  )


def write(
  path: Path,
  arrays: Mapping[str, np.ndarray],
  settings: origins.Settings = MappingProxyType({}),
) -> None:
  """Writes a safetensors file atomically.

  Args:
    path: of the file.
    arrays: {name: array}.
    settings: of the network, which names and shapes do not tell.

  Raises:
    UserError: the name has another suffix, or the file cannot be written.
  """
  import safetensors.numpy as library

  if path.suffix != OWN:
    raise UserError(f'{path} was given, but a name that ends in {OWN} is wanted')
  # The library writes an array's memory as it is and ignores its strides.
  dense = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
  metadata = {'format': 'pt', 'architecture': 'dl_core'}
  if settings:
    metadata['settings'] = json.dumps(dict(settings))
  content = library.save(dense, metadata=metadata)
  temporary = path.with_name(f'.{path.name}.{os.getpid()}')
  try:
    temporary.write_bytes(content)
    temporary.replace(path)
  except OSError as error:
    with contextlib.suppress(OSError):
      temporary.unlink()
    raise UserError(
      f'{path} cannot be written ({error.strerror}); name another place'
    ) from error
