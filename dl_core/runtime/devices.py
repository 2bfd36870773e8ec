"""Accelerators by name: what they hold, and what they could compute in a second."""

from typing import Any, NamedTuple

from dl_core import config


class Device(NamedTuple):
  """An accelerator, one of which JAX sees as one device.

  Attributes:
    kinds: what JAX calls it begins so (`Device.device_kind`).
    memory: bytes.
    peaks: {precision: operations a second} of dense matrix products, by the maker. What
      is float32 to JAX is by default TF32 on these GPUs and one pass of bfloat16 on
      TPUs, and so it is here.
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


def peak(device: Any, precision: str) -> float | None:
  """Returns the peak of a JAX device, operations a second; None if it is not known."""
  for known in DEVICES.values():
    if device.device_kind.startswith(known.kinds):
      return known.peaks[precision]
  return None
