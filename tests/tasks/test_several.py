"""Several heads are judged each by its own weights, and minimised together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dl_core import metrics, tasks
from dl_core.tasks import measures
from dl_core.types import Batch

KEY = jax.random.key(0)


class Two(nn.Module):
  """Says a class and a number."""

  @nn.compact
  def __call__(self, x, *, train):
    places = nn.Dense(4, name='word')(x)  # [B, T, 4]
    return {'word': places, 'size': nn.Dense(1, name='size')(x)[:, 0, 0]}


HEADS = {
  'word': tasks.Head(reported={'accuracy': measures.accuracy}),
  'size': tasks.Head(measures.squared_error, share=0.5),
}


@pytest.fixture
def batch():
  random = np.random.RandomState(0)
  x = jnp.float32(random.normal(size=(5, 3, 2)))
  y = {'word': random.randint(4, size=(5, 3)), 'size': random.normal(size=5)}
  words = random.randint(2, size=(5, 3))
  words[4] = 0
  weight = {'word': np.float32(words), 'size': np.float32([1, 0, 1, 1, 0])}
  return Batch(x, jax.tree.map(jnp.asarray, y), jax.tree.map(jnp.asarray, weight))


def means(output, batch):
  """The mean of each head by the weights of its own, in NumPy."""
  logits = np.array(output['word'], float)
  logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
  nats = -np.take_along_axis(logs, np.array(batch.y['word'])[..., None], -1)[..., 0]
  off = (np.array(output['size']) - np.array(batch.y['size'])) ** 2 / 2
  word, size = (np.array(batch.weight[name]) for name in ('word', 'size'))
  return (nats * word).sum() / word.sum(), (off * size).sum() / size.sum()


def test_the_loss_is_the_sum_of_each_heads_own_mean(batch):
  task = tasks.several(Two(), HEADS)
  variables = task.init(KEY, batch)
  output = task.outputs(variables, batch.x)
  word, size = means(output, batch)
  value, (_, sums) = task.losses[0](variables['params'], {}, batch, KEY)
  found = metrics.mean(sums)
  assert value == pytest.approx(word + 0.5 * size, rel=1e-5)
  assert found['loss'] == pytest.approx(float(value), rel=1e-6)
  assert found['word_loss'] == pytest.approx(word, rel=1e-5)
  assert found['size_loss'] == pytest.approx(size, rel=1e-5)
  assert metrics.kind('word_accuracy').rising
  assert metrics.kind('word_accuracy').fraction
  assert not metrics.kind('size_loss').rising


def test_a_batch_counts_by_its_examples_with_a_label(batch):
  task = tasks.several(Two(), HEADS)
  sums = task.metrics(task.init(KEY, batch), batch, KEY)
  assert float(sums['loss'][1]) == 4  # the last has none
  assert float(sums['word_loss'][1]) == float(batch.weight['word'].sum())


def test_a_head_without_labels_adds_nothing_and_moves_nothing(batch):
  task = tasks.several(Two(), HEADS)
  params = task.init(KEY, batch)['params']
  none = batch._replace(weight=batch.weight | {'size': jnp.zeros(5)})
  loss = lambda params: task.losses[0](params, {}, none, KEY)[0]
  value, gradient = jax.value_and_grad(loss)(params)
  word, _ = means(task.outputs({'params': params}, batch.x), batch)
  assert value == pytest.approx(word, rel=1e-5)
  assert float(jnp.abs(gradient['size']['kernel']).max()) == 0
  assert float(jnp.abs(gradient['word']['kernel']).max()) > 0


def test_one_head_is_the_supervised_task(batch):
  class One(nn.Module):
    @nn.compact
    def __call__(self, x, *, train):
      return Two(name='two')(x, train=train)['size']

  class Named(nn.Module):
    @nn.compact
    def __call__(self, x, *, train):
      return {'size': Two(name='two')(x, train=train)['size']}

  single = batch._replace(y=batch.y['size'], weight=batch.weight['size'])
  plain = tasks.supervised(One(), measures.squared_error)
  whole = tasks.several(Named(), {'size': tasks.Head(measures.squared_error)})
  params = plain.init(KEY, single)['params']
  value = plain.losses[0](params, {}, single, KEY)[0]
  own, (_, sums) = whole.losses[0](params, {}, batch, KEY)
  assert float(own) == pytest.approx(float(value), rel=1e-6)
  assert metrics.mean(sums)['size_loss'] == pytest.approx(float(value), rel=1e-6)


def test_no_heads_are_refused():
  with pytest.raises(ValueError, match='has no head'):
    tasks.several(Two(), {})
