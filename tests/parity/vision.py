"""torchvision, also where its compiled operators were built for another PyTorch.

Then its import fails over operators that detection alone calls; once they are declared,
all of its networks in Python are there.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

OPERATORS = ('nms', 'qnms')
_declared: list[Any] = []  # a declaration lasts as long as its library is referenced


def torchvision() -> ModuleType:
  """Imports torchvision.

  Raises:
    ImportError: it is not installed.
  """
  try:
    return importlib.import_module('torchvision')
  except RuntimeError:  # operator torchvision::nms does not exist
    for name in [name for name in sys.modules if name.startswith('torchvision')]:
      del sys.modules[name]
  import torch

  library = torch.library.Library('torchvision', 'DEF')
  for name in OPERATORS:
    library.define(f'{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
  _declared.append(library)
  return importlib.import_module('torchvision')
