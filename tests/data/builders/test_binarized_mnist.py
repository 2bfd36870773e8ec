"""Binarised MNIST is read from packed bits or from the published texts."""

import io
import lzma

import numpy as np
import pytest

from dl_core.data import sources
from dl_core.data.builders.binarized_mnist import (
  binarized_mnist_dataset_builder as binarized,
)

COUNTS = {'train': 5, 'validation': 3, 'test': 2}


@pytest.mark.parametrize('packed', [True, False])
def test_every_bit_becomes_a_pixel(packed, tmp_path, monkeypatch, original):
  random = np.random.default_rng(0)
  images = {split: random.integers(0, 2, (n, 28, 28)) for split, n in COUNTS.items()}
  bits, names = {}, ('train', 'valid', 'test')
  files = {name: f'{name} is not there'.encode() for name in binarized.TEXTS.values()}
  for (split, each), name in zip(images.items(), names, strict=True):
    bits[name] = np.packbits(each.reshape(len(each), -1).astype(np.uint8), axis=1)
    lines = [' '.join(map(str, row.ravel())) for row in each]
    files[binarized.TEXTS[split]] = '\n'.join([*lines, '']).encode()
  memory = io.BytesIO()
  np.savez(memory, **bits)
  files[binarized.PACKED] = lzma.compress(memory.getvalue())
  folder = tmp_path / 'downloads' / 'manual' / 'binarized_mnist'
  sums = {name: original(folder / name, content) for name, content in files.items()}
  monkeypatch.setattr(binarized.Builder, 'ORIGINALS', sums)
  if not packed:
    (folder / binarized.PACKED).unlink()
  declaration = sources.prepare(sources.declare('binarized_mnist', str(tmp_path)))
  assert declaration.counts == COUNTS
  for split, each in images.items():
    found = [example['image'] for example in sources.records(declaration, split)]
    np.testing.assert_array_equal(np.stack(found)[..., 0], 255 * each)
