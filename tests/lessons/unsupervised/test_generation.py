"""Claims about generated images can hold, and can fail."""

import numpy as np
import pytest

from dl_core.lessons.unsupervised import densities, generation
from dl_core.lessons.unsupervised.generation import AUTOENCODER, FITTED, GAN, VAE, Cost

WAYS = (AUTOENCODER, FITTED, VAE, GAN)


def test_an_image_of_stripes_is_sharper_than_its_blur():
  stripes = np.zeros((1, 4, 4, 1))
  stripes[:, :, ::2] = 1
  assert generation.sharpness(stripes) == pytest.approx(2)
  assert generation.sharpness(np.full((1, 4, 4, 1), 0.5)) == 0


@pytest.mark.parametrize('holds', [True, False])
def test_the_claims_about_samples_follow_the_figures(holds):
  values = (90, 50, 20, 9) if holds else (10, 15, 20, 9)
  seen = {
    way: {'frechet': value, 'confidence': 0.5}
    for way, value in zip(WAYS, values, strict=True)
  }
  blurred = (0.9, 0.9, 0.5, 1.0) if holds else (0.9, 0.9, 1.1, 1.0)
  sharp = dict(zip(WAYS, blurred, strict=True))
  samples = {way: np.full((20, 4, 4, 1), 0.5) for way in WAYS}
  picture = generation.shown(samples, seen, sharp)
  assert [claim.holds for claim in picture.claims] == [holds] * 3
  picture.draw()


@pytest.mark.parametrize('seconds', [3.0, 0.2])
def test_the_slower_way_is_compared_with_the_slowest_of_the_others(seconds):
  costs = {'pixelcnn': Cost(seconds, 64, 64), 'vae': Cost(0.1, 1, 784)}
  picture = generation.paid(costs | {'gan': Cost(0.2, 1, 784)})
  assert picture.claims[0].holds == (seconds > 2)
  picture.draw()


@pytest.mark.parametrize('holds', [True, False])
def test_the_claims_about_densities_follow_the_nats(holds):
  random = np.random.default_rng(0)
  points = densities.ring.points('test') if holds else random.random((100, 2)) / 9
  samples = dict.fromkeys(('tractable', 'approximate', 'implicit'), points)
  own = -1.0 if holds else -0.9
  nats = {'tractable': own, 'approximate': own}
  bounds = {'elbo': own + 0.2, 'iwae': own + (0.1 if holds else 0.3)}
  picture = densities.picture(densities.Learnt(samples, nats, bounds, -1.0))
  assert [claim.holds for claim in picture.claims] == [holds] * 4
  picture.draw()
