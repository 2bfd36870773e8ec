"""The regions that selective search begins with are scikit-image's, one for one."""

import numpy as np
import pytest

from dl_core.data import felzenszwalb

segmentation = pytest.importorskip('skimage.segmentation', reason='needs scikit-image')


def alike(one, other):
  """Returns whether two partitions are the same but for the numbers of the regions."""
  pairs = np.unique(one.astype(np.int64) * one.size + other)
  return one.max() + 1 == other.max() + 1 == len(pairs)


@pytest.mark.parametrize('scale', [10, 100, 400])
@pytest.mark.parametrize('smooth', [False, True])
def test_regions_are_scikit_images_region_for_region(scale, smooth):
  random = np.random.RandomState(scale)
  image = random.uniform(size=(60, 70, 3))  # no two edges weigh the same
  if smooth:
    waves = np.sin(np.mgrid[:60, :70].sum(axis=0) / 9)[..., None]
    image = 0.02 * image + 0.4 + 0.4 * waves
  found = felzenszwalb.regions(image, scale, 20)
  wanted = segmentation.felzenszwalb(image, scale=scale, sigma=0.8, min_size=20)
  assert found.max() > 3
  assert alike(found, wanted)
