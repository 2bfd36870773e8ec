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


def test_each_sample_is_of_the_class_that_is_asked_for():
  model = PixelCNN('gated', 2, 1, 2, (2,), 3)
  x = {'image': np.zeros((1, 2, 2, 1), np.float32), 'class': np.zeros(1, np.int32)}
  params = model.init(jax.random.key(0), x, train=False)['params']
  # The level of every pixel follows from the class alone: black, white, black.
  params = jax.tree.map(jnp.zeros_like, params)
  vectors = jnp.array([[0.0], [9.0], [0.0]]) * jnp.ones((1, 4))
  params['block_1']['horizontal_class']['embedding'] = vectors
  params['block_1']['residual']['kernel'] += 10
  params['head_1']['kernel'] += 10
  params['output']['kernel'] += 10
  params['output']['bias'] -= 90
  draw = pictures.sample(model, (2, 2, 1), 2)
  found = draw({'params': params}, jax.random.key(0), 7)
  wanted = np.arange(7) % 3 == 1
  np.testing.assert_array_equal(
    found, np.broadcast_to(wanted[:, None, None, None], found.shape)
  )


@pytest.mark.parametrize(('side', 'wanted'), [(4, 32), (8, 32), (12, 24), (28, 28)])
def test_a_judge_reads_small_images_enlarged(side, wanted):
  images = np.random.default_rng(0).random((2, side, side, 3))
  found = pictures.enlarged(images)
  assert found.shape == (2, wanted, wanted, 3)
  times = wanted // side
  np.testing.assert_array_equal(found[:, ::times, ::times], 2 * images - 1)
  np.testing.assert_array_equal(found[:, times - 1 :: times, ::times], 2 * images - 1)


def test_the_answer_names_the_class_that_is_given():
  x = {'image': np.array([0.0, 1.0]).reshape(1, 2, 1), 'class': np.int32(1)}
  said = pictures.answer(x, np.asarray(jnp.zeros((1, 2, 1, 2))), ('cat', 'dog'))
  assert said.words.startswith('-log p(x|dog) is 1.386 nats')
