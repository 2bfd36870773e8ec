"""Claims about clusters and components can hold, and can fail."""

import numpy as np

from dl_core.lessons.unsupervised import clusters, reduction


def test_the_claims_about_mixtures_hold():
  picture = clusters.mixtures(0, 1)
  assert [claim.holds for claim in picture.claims] == [True, True]
  picture.draw()


def test_clusters_without_structure_do_not_match_the_classes():
  random = np.random.default_rng(0)
  x = random.random((200, 3, 3, 1)).astype(np.float32)
  y = random.integers(0, 10, 200)
  picture = clusters.digits(x, y, tuple('0123456789'), 0)
  assert not picture.claims[0].holds
  assert picture.claims[1].holds
  picture.draw()


def test_components_restore_images():
  random = np.random.default_rng(0)
  flat = random.normal(size=(60, 3)) @ random.normal(size=(3, 16))
  images = (flat.reshape(60, 4, 4, 1) / 20 + 0.5).astype(np.float32)
  picture = reduction.picture(images[:40], images[40:])
  assert [claim.holds for claim in picture.claims[:2]] == [True, True]
  picture.draw()
