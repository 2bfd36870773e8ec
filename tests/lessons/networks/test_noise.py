import numpy as np

from dl_core.lessons.networks import noise, wells


def test_the_noise_of_a_gradient_goes_with_one_over_the_root_of_the_batch():
  tilts = wells.noise(np.random.default_rng(0), 64)
  found = noise.measure(np.random.default_rng(1), tilts, draws=4_000)
  for batch, deviation in found.items():
    np.testing.assert_allclose(deviation, wells.NOISE / batch**0.5, rtol=0.05)
  (claim,) = noise.picture(found, 4_000).claims
  assert claim.holds


def test_noise_that_goes_with_one_over_the_batch_is_not_taken_for_it():
  found = {batch: 6 / batch for batch in noise.BATCHES}
  np.testing.assert_allclose(noise.slope(found), -1)
  (claim,) = noise.picture(found, 1).claims
  assert not claim.holds
