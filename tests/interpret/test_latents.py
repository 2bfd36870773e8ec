"""A VAE is scored and drawn on the images that it is trained on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import quantised
from dl_core.interpret import latents
from dl_core.models import vae
from dl_core.tasks import variational
from dl_core.types import Batch, Data, Spec, UserError
from experiments.vae import Config

MODEL = vae.VAE((2, 2, 1), (4,), 1)
GREY = np.full((3, 2, 2, 1), 0.5, np.float32)


@pytest.fixture(scope='module')
def variables():
  keys = {'params': jax.random.key(0), 'draw': jax.random.key(1)}
  return MODEL.init(keys, GREY, train=True)


def test_log_p_is_that_of_drawn_pixels_and_padding_does_not_count(variables):
  seen = []

  def change(key, batch):
    seen.append(quantised.redrawn(key, batch))
    return seen[-1]

  batch = Batch(GREY, None, np.array([1.0, 1.0, 0.0], np.float32))
  data = Data(Spec(batch, 'toy/1'), None, None, {'test': lambda: iter([batch] * 2)})
  found = latents.scores(MODEL, 200, change)(variables, data, jax.random.key(2))
  assert all(set(np.unique(each.x)) == {0, 1} for each in seen)
  assert (seen[0].x != seen[1].x).any()
  x = jnp.concatenate([each.x[:2] for each in seen])
  exact = variational.evidence(MODEL, variables, x, 4_000, 50, jax.random.key(3))
  assert found['nll'] == pytest.approx(-float(exact.mean()), abs=0.02)
  assert latents.scores(MODEL, 0, change)(variables, data, jax.random.key(2)) == {}


@pytest.mark.parametrize('classes', [(), ('a', 'b')])
def test_the_codes_are_those_of_changed_images(variables, classes):
  batch = Batch(GREY, np.array([0, 1, 0]), np.ones(3, np.float32))
  data = Data(
    Spec(batch, 'toy/1', classes), None, None, {'test': lambda: iter([batch])}
  )
  seen = []

  def encode(x):
    seen.append(x)
    return latents.encoder(MODEL)(variables, x)

  picture = latents.codes(encode, data, quantised.redrawn)
  assert set(np.unique(seen[0])) == {0, 1}
  assert ('one colour for each class' in picture.caption) == bool(classes)
  assert picture.caption.startswith('The number of the codes of 3 ')
  picture.draw()


@pytest.mark.parametrize(
  'settings', [{'levels': 17}, {'likelihood': 'gaussian'}], ids=str
)
def test_a_likelihood_that_does_not_fit_the_levels_is_refused(settings):
  with pytest.raises(UserError, match=r'--likelihood=\w+ was given with --levels='):
    Config(**settings)
