"""The devices that JAX finds, and the memory and peak FLOP/s of known accelerators."""

import os
from typing import Any, NamedTuple

import jax

from dl_core import config
from dl_core.types import UserError


class Device(NamedTuple):
  """An accelerator that JAX counts as one device.

  Attributes:
    kinds: prefixes of its `device_kind` in JAX.
    memory: bytes.
    peaks: {precision: FLOP/s} of dense matrix products, by the maker. By JAX's default,
      float32 means TF32 on these GPUs and one pass of bfloat16 on TPUs, and these are
      the figures here.
  """

  kinds: tuple[str, ...]
  memory: float
  peaks: dict[str, float]


def _tpu(kinds: tuple[str, ...], gigabytes: float, tera: float) -> Device:
  return Device(kinds, gigabytes * 1e9, dict.fromkeys(config.PRECISIONS, tera * 1e12))


# The makers' data sheets: NVIDIA A100, H100 SXM and H200 SXM without sparsity; Google
# Cloud's pages on TPU v4, v5e, v5p and v6e.
DEVICES = {
  'A100 80 GB': Device(('NVIDIA A100',), 80e9, {'float32': 156e12, 'bfloat16': 312e12}),
  'H100 80 GB': Device(
    ('NVIDIA H100',), 80e9, {'float32': 494.7e12, 'bfloat16': 989.4e12}
  ),
  'H200': Device(('NVIDIA H200',), 141e9, {'float32': 494.7e12, 'bfloat16': 989.4e12}),
  'TPU v4': _tpu(('TPU v4',), 32, 275),
  'TPU v5e': _tpu(('TPU v5 lite', 'TPU v5e'), 16, 197),
  'TPU v5p': _tpu(('TPU v5p', 'TPU v5'), 95, 459),
  'TPU v6e': _tpu(('TPU v6 lite', 'TPU v6e'), 32, 918),
}


def check() -> None:
  """Raises UserError if the environment asks for a platform that JAX does not find.

  Call it before anything else touches a device: JAX itself fails with an assertion.
  """
  try:
    jax.devices()
  except (AssertionError, RuntimeError):
    wanted = os.environ.get('JAX_PLATFORMS')
    if not wanted:
      raise
    jax.config.update('jax_platforms', None)  # to learn what there is
    found = ', '.join(sorted({device.platform for device in jax.devices()}))
    raise UserError(
      f'JAX_PLATFORMS={wanted} is set, but JAX finds only {found} on this machine; '
      f"install the driver and the extra (pip install -e '.[cuda]' or '.[tpu]'), or "
      'unset JAX_PLATFORMS'
    ) from None


def peak(device: Any, precision: str) -> float | None:
  """Returns the peak FLOP/s of a JAX device, or None if they are not known."""
  for known in DEVICES.values():
    if device.device_kind.startswith(known.kinds):
      return known.peaks[precision]
  return None
