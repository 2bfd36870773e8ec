"""Files of named arrays: safetensors, and PyTorch's own where it is installed.

Nothing in a file is executed: PyTorch's are read with `weights_only`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from dl_core.types import UserError

OWN = '.safetensors'
PYTORCH = ('.pth', '.pt', '.th', '.bin')
INNER = ('state_dict', 'model')  # where training programs keep the weights
WRAPPED = ('module.', '_orig_mod.')  # DataParallel and torch.compile


def named(text: str) -> bool:
  """Tells whether `--init_from=text` means a file of weights, and no workdir."""
  path = Path(text).expanduser()
  return path.is_file() or (path.suffix in (OWN, *PYTORCH) and not path.is_dir())


def place(text: str) -> str:
  """Returns what records call it: a file by its name, a workdir WORKDIR."""
  return Path(text).name if text and named(text) else 'WORKDIR' if text else ''


def read(path: Path) -> dict[str, np.ndarray]:
  """Reads all arrays of a file, those of floating point as float32.

  Raises:
    UserError: there is no such file, it is of another kind, damaged, or of PyTorch,
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
  arrays = safetensors(path) if path.suffix == OWN else pytorch(path)
  if not arrays:
    raise UserError(f'{path} holds no arrays; give a file of weights')
  return {name: single(array) for name, array in unwrapped(arrays).items()}


def unwrapped(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Drops what wrappers have put before all of the names."""
  for prefix in WRAPPED:
    if all(name.startswith(prefix) for name in arrays):
      shorter = {name.removeprefix(prefix): array for name, array in arrays.items()}
      return unwrapped(shorter)
  return arrays


def single(array: np.ndarray) -> np.ndarray:
  floating = jnp.issubdtype(array.dtype, jnp.floating)  # bfloat16 among them
  return array.astype(np.float32) if floating else array


def safetensors(path: Path) -> dict[str, np.ndarray]:
  import safetensors.numpy as library

  try:
    return library.load_file(path)
  except Exception as error:  # its own, and what NumPy says of a type it lacks
    raise damaged(path, error) from error


def pytorch(path: Path) -> dict[str, np.ndarray]:
  try:
    import torch
  except ImportError:
    raise UserError(
      f'{path} was given, which PyTorch reads, and it is not installed; install it '
      f"(pip install -e '.[bench]'), or give a file that ends in {OWN}"
    ) from None
  try:
    content: Any = torch.load(path, map_location='cpu', weights_only=True)
    while isinstance(content, Mapping) and any(name in content for name in INNER):
      content = next(content[name] for name in INNER if name in content)
    entries = content.items() if isinstance(content, Mapping) else ()
    return {
      name: (one.float() if one.is_floating_point() else one).numpy()
      for name, one in entries
      if isinstance(name, str) and isinstance(one, torch.Tensor)
    }
  except Exception as error:  # pickle, zip and torch have many
    raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> UserError:
  words = ' '.join(re.sub(r'\x1b\[\d*m', '', str(error)).split())
  telling = re.search('[a-z]{3}', words)  # pickle says no more than a byte
  reason = words.partition('. ')[0][:160] if telling else type(error).__name__
  return UserError(
    f'{path} was given, which cannot be read as weights ({reason}); give a whole file '
    'of named arrays'
  )


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
  """Writes a safetensors file, whole or not at all.

  Raises:
    UserError: its name ends otherwise, or the disk refuses.
  """
  import safetensors.numpy as library

  if path.suffix != OWN:
    raise UserError(f'{path} was given, but a name that ends in {OWN} is wanted')
  # It writes the memory of an array as it lies, whatever its strides are.
  dense = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
  content = library.save(dense, metadata={'format': 'pt'})
  temporary = path.with_suffix('.tmp')
  try:
    temporary.write_bytes(content)
    temporary.replace(path)
  except OSError as error:
    raise UserError(
      f'{path} cannot be written ({error.strerror}); make room, or name another place'
    ) from error
