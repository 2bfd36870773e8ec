"""Claims about a VAE and GANs can hold, and can fail."""

import numpy as np
import pytest

from dl_core.interpret.judge import Judge, Names
from dl_core.lessons.adversarial import vae_or_gan as lesson
from dl_core.lessons.adversarial.vae_or_gan import DCGAN, DRAWS, MEANS, MLP, WAYS, Seen

TRAINING = {MEANS: 60.0, MLP: 90.0, DCGAN: 100.0}
SAMPLING = dict.fromkeys(TRAINING, 0.01)


def seen(**frechets):
  sharp = {MEANS: 0.5, DRAWS: 2.0, MLP: 1.5, DCGAN: 1.0}
  values = dict(zip(WAYS, (40.0, 90.0, 30.0, 20.0), strict=True)) | frechets
  return {way: Seen(values[way], 0.9, 8, 0.2, sharp[way]) for way in WAYS}


def held(found, training=TRAINING):
  rows = np.full((40, 4, 4, 3), 0.5)
  shown = dict.fromkeys((*WAYS, 'test images'), rows)
  pictures = lesson.images(shown, found, 1.0), lesson.time(found, training, SAMPLING)
  for picture in pictures:
    picture.draw()
  return [bool(claim.holds) for picture in pictures for claim in picture.claims]


def test_each_claim_follows_its_figures():
  assert held(seen()) == [True, True, True]
  blurred = seen() | {DCGAN: seen()[DCGAN]._replace(sharp=0.4)}
  assert held(blurred) == [False, True, True]
  assert held(seen(**{DCGAN: 35.0, MLP: 36.0, MEANS: 30.0})) == [True, False, True]
  assert held(seen(**{MLP: 10.0})) == [True, True, False]


def test_a_better_image_of_more_time_proves_nothing():
  assert held(seen(), TRAINING | {MLP: 10.0}) == [True, True, False]


def test_scores_are_means_over_seeds():
  def name(images):
    said = np.where(images.mean(axis=(1, 2, 3)) > 0, 1, 0)
    return Names(said, np.full(len(said), 0.7), images.reshape(len(said), -1)[:, :2], 2)

  random = np.random.default_rng(0)
  real = random.random((50, 4, 4, 1))
  judge = Judge(name, lambda: name(2 * real - 1), None, None)
  dark, light = 0.4 * real, 0.6 + 0.4 * real
  both = lesson.scored([dark, light], real, judge)
  alone = [lesson.scored([each], real, judge) for each in (dark, light)]
  np.testing.assert_allclose(both, np.mean(alone, axis=0))
  assert both.sharp == pytest.approx((alone[0].sharp + alone[1].sharp) / 2)
  assert alone[0].sharp == pytest.approx(1)
  assert alone[1].sharp < 0.5
  assert both.largest_share == 1
