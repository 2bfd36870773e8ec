"""The pictures of a model of pixels show its own figures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import quantised
from dl_core.interpret import pixels as pictures
from dl_core.models.pixelcnn import PixelCNN
from dl_core.tasks import pixels
from dl_core.types import Batch, Data, Spec


def made(colours, side):
  """Returns a network, its task, its variables and a batch of grey images."""
  model = PixelCNN('pixelcnn', 2, 1, 4 * colours, (8 * colours,))
  random = np.random.default_rng(0)
  x = random.random((3, side, side, colours)).astype(np.float32)
  task = pixels.density(model)
  batch = Batch(x, np.rint(x).astype(np.int32), np.array([1.0, 1.0, 0.0], np.float32))
  return model, task, task.init(jax.random.key(0), batch), batch


def test_the_costs_of_drawn_pixels_sum_to_the_loss(monkeypatch):
  model, task, variables, batch = made(1, 2)
  monkeypatch.setattr(pictures, 'SAMPLES', 8)
  monkeypatch.setattr(pictures, 'VARIANTS', 2)
  data = Data(Spec(batch, 'toy/1'), None, None, {'test': lambda: iter([batch])})
  seen = []

  def change(key, batch):
    seen.append(quantised.redrawn(key, batch))
    return seen[-1]

  found = pictures.report(model, task, 2, change)(
    variables, {}, data, jax.random.key(0)
  )
  logits = task.outputs(variables, seen[-1].x)
  nats = pixels.nats(logits, seen[-1].y)[:2].mean()
  (costs,) = (each for each in found if each.title == 'What each pixel costs')
  assert f'The sum is {nats:.2f} nats' in costs.caption


@pytest.mark.parametrize('colours', [1, 3])
def test_the_last_pixel_sees_itself_only_through_its_colours(colours):
  _, task, variables, batch = made(colours, 2)
  found = pictures.reach(task.outputs, variables, batch.x[:1])
  assert found.shape == (2, 2)
  assert (found.ravel()[:3] > 0).all()
  assert (found[-1, -1] > 0) == (colours > 1)


def test_the_answer_is_the_likelihood_of_the_image():
  x = np.array([0.0, 1.0]).reshape(1, 2, 1)
  said = pictures.answer(x, np.asarray(jnp.zeros((1, 2, 1, 2))), ())
  assert said.words == '-log p(x) is 1.386 nats, 0.693 per value'
