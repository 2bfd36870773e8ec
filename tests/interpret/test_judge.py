"""The judge tells kinds of images apart, and what is none from what is one."""

import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import images
from dl_core.interpret import gan as pictures
from dl_core.interpret import judge
from dl_core.models import gan


@pytest.fixture(scope='module')
def digits(digits_dir):
  c = config.Config(batch_size=32, data_dir=digits_dir)
  data = images.load(c, size=16, channels=1, normalise=(0.5, 0.5))
  return data, judge.make(data, steps=200)


def names(said, confidence=0.9, classes=10):
  said = np.asarray(said)
  features = np.random.default_rng(0).normal(size=(len(said), 3))
  return judge.Names(said, np.full(len(said), confidence), features, classes)


def convincing(found):
  return judge.convincing(judge.figures(found, found), found.classes)


def test_real_images_convince_it(digits):
  data, ours = digits
  batch = next(data.splits['test']())
  found = judge.figures(ours.name(batch.x), ours.real())
  assert ours.accuracy() > 0.9
  assert judge.convincing(found, 10)


@pytest.mark.parametrize('seed', range(3))
def test_an_untrained_generator_does_not_convince_it(digits, seed):
  data, ours = digits
  model = gan.mlp(16, 1, latent=8)
  init = jax.jit(model.generator.init, static_argnames='train')
  own = init(jax.random.key(seed), np.zeros((1, 8)), train=False)
  variables = {'params': {'generator': own['params']}}
  found = pictures.scores(model, ours)(variables, data, jax.random.key(1))
  assert not judge.convincing(found, 10)
  real = judge.figures(ours.real(), ours.real())
  assert found['frechet'] > 10 * (real['frechet'] + 1)
  assert real['frechet'] == pytest.approx(0, abs=1e-3)


def test_samples_of_all_kinds_convince_unless_one_is_missing_or_too_frequent():
  even = np.arange(1_000) % 10
  assert convincing(names(even))
  assert not convincing(names(even, confidence=0.79))
  assert not convincing(names(np.where(even == 3, 4, even)))
  assert not convincing(names(np.where(np.arange(1_000) < 200, 0, even)))
  assert convincing(names(np.where(np.arange(1_000) < 160, 0, even)))


def test_figures_count_what_was_said():
  found = judge.figures(names([0, 0, 2, 2, 2]), names([0, 1, 2, 2]))
  assert found['classes'] == 2
  assert found['largest_share'] == 0.6
  assert found['confidence'] == pytest.approx(0.9)


def test_frechet_is_the_distance_of_the_two_gaussians():
  rng = np.random.default_rng(0)
  a, b = rng.normal(size=(200, 4)), rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
  from scipy import linalg

  ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
  expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(
    ca + cb - 2 * linalg.sqrtm(ca @ cb).real
  )
  assert judge.frechet(a, b) == pytest.approx(expected, rel=1e-8)
  assert judge.frechet(a, a + 2) == pytest.approx(16)
  assert judge.frechet(a, 3 * (a - a.mean(0)) + a.mean(0)) == pytest.approx(
    4 * np.trace(ca)
  )
