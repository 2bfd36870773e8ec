"""What is known of the network of a file beside the names and shapes of its arrays.

Networks with the same names and shapes may compute other logits: they blur or dilate,
pool or stride otherwise, have another activation. A file says so in settings that are
saved with it, in a config.json beside it, in its name; or not at all.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

Settings = Mapping[str, Any]

# Of convolutional networks: values in the settings of timm, and of transformers, under
# which theirs compute what ours do. None is the default of a library.
CONVOLUTIONAL: Mapping[str, tuple] = MappingProxyType(
  {
    'act_layer': ('relu', None),
    'aa_layer': ('', None),
    'bn_eps': (1e-5, None),
    'bn_tf': (False, None),
    'downsample_in_bottleneck': (False, None),
    'downsample_in_first_stage': (False, None),
    'global_pool': ('avg', 'fast', 'fastavg', '', None),
    'gp': ('avg', 'fast', 'fastavg', None),
    'hidden_act': ('relu', None),
    'norm_layer': ('batchnorm', 'batchnorm2d', None),
    'output_stride': (32, None),
    'replace_stride_with_dilation': (None, [False, False, False]),
  }
)
# A published file has the first 8 digits of its digest in its name; it may be renamed.
PUBLISHED = {'84f4748f': 'resnetblur50', '4cf422b3': 'resnetaa50'}


def beside(path: Path) -> dict[str, Any]:
  """Reads the config.json beside a file, as on the Hugging Face Hub; {} without one."""
  with contextlib.suppress(OSError, ValueError):
    found = json.loads(path.with_name('config.json').read_text(encoding='utf-8'))
    return flat(found) if isinstance(found, dict) else {}
  return {}


def flat(settings: Settings) -> dict[str, Any]:
  """Returns settings with those that timm hands on to its models among them."""
  found = dict(settings)
  for name in ('model_args', 'model_kwargs'):
    found |= settings[name] if isinstance(settings.get(name), Mapping) else {}
  return found


def architecture(path: Path, settings: Settings) -> str:
  """Returns the name of a network by what is beside its file: '' if nothing tells it.

  Args:
    path: of the file. timm's lie in folders such as
      models--timm--resnet50.a1_in1k/snapshots/HASH.
    settings: see `beside`.
  """
  told = settings.get('architecture')
  if isinstance(told, str) and told:
    return told
  hub = [part.split('--')[-1] for part in path.parts if part.startswith('models--')]
  named = [name for name in (*hub, path.stem, path.parent.name) if network(name)]
  return next(iter(named), '')


def network(name: str) -> bool:
  """Returns whether a name names a network: 'resnet50', not 'epoch90'."""
  return re.search(r'(net|vgg)[a-z_]*\d', name.lower()) is not None


def published(path: Path) -> str:
  """Returns the name of a published network by its file's contents; '' if unknown."""
  with open(path, 'rb') as file:
    digest = hashlib.file_digest(file, 'sha256').hexdigest()
  return PUBLISHED.get(digest[:8], '')


def unlike(settings: Settings, ours: Mapping[str, Sequence[Any]]) -> list[str]:
  """Returns the settings under which a file's network computes something else.

  Args:
    settings: of the file's network.
    ours: {setting: its values in our network}; others are of no concern.

  Returns:
    Words such as 'hidden_act=gelu'.
  """
  plain = lambda value: value.lower() if isinstance(value, str) else value
  return [
    f'{name}={settings[name]}'
    for name, values in ours.items()
    if name in settings and plain(settings[name]) not in values
  ]
