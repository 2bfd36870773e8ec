"""Networks of pixels see only the past, and their probabilities sum to 1."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dl_core import tasks
from dl_core.data import views
from dl_core.models.pixelcnn import NETS, PixelCNN
from dl_core.tasks import pixels
from dl_core.types import Batch

HEIGHT, WIDTH = 4, 5
CLASSES = 3
KINDS = {net: (net, 0) for net in NETS} | {'conditional': ('gated', CLASSES)}


def perturbed(variables):
  """Returns variables none of which is 0, as after training."""
  leaves, form = jax.tree.flatten(variables)
  random = np.random.default_rng(0)
  moved = [leaf + 0.3 * random.normal(size=leaf.shape) for leaf in leaves]
  return jax.tree.unflatten(form, [jnp.asarray(leaf, jnp.float32) for leaf in moved])


def asked(model, x, number=1):
  """Returns what a model reads of images, all of one class."""
  classes = jnp.full(len(x), number) if model.classes else None
  return views.beside(x, classes)


@functools.cache
def made(kind, colours, levels=2):
  net, classes = KINDS[kind]
  model = PixelCNN(net, levels, 2, 4 * colours, (16 * colours,), classes)
  x = jax.random.uniform(jax.random.key(1), (1, HEIGHT, WIDTH, colours))
  return model, begun(model, asked(model, x)), x


@functools.partial(jax.jit, static_argnums=0)
def begun(model, x):
  return model.init(jax.random.key(0), x, train=False)


@functools.partial(jax.jit, static_argnums=0)
def logits(model, params, x):
  return model.apply({'params': params}, x, train=False)


@functools.partial(jax.jit, static_argnums=0)
def jacobian(model, variables, x):
  apply = lambda x: model.apply(variables, asked(model, x), train=False)[0]
  return jax.jacrev(lambda x: apply(x).reshape(x.size, -1))(x)


def dependence(model, variables, x):
  """Returns |d logits of value i / d value j|, [H W C, H W C]."""
  found = np.abs(np.asarray(jacobian(model, variables, x))).max(axis=1)
  return found.reshape(x.size, x.size)


@functools.partial(jax.jit, static_argnums=0)
def slope(model, variables, x):
  """Returns d (logits at row 7, column 5) / d image [H, W]."""
  place = lambda x: model.apply(variables, x, train=False)[0, 7, 5].sum()
  return jax.grad(place)(x)[0, ..., 0]


@pytest.mark.parametrize('colours', [1, 3])
@pytest.mark.parametrize('kind', KINDS)
def test_no_value_depends_on_itself_or_on_the_future(kind, colours):
  model, variables, x = made(kind, colours)
  for each in (variables, perturbed(variables)):
    found = dependence(model, each, x)
    assert np.triu(found).max() == 0
    assert (np.tril(found, -1) > 0).sum() > 0.4 * x.size * (x.size - 1) / 2


@pytest.mark.parametrize('kind', KINDS)
def test_no_value_depends_on_the_future_after_training(kind):
  model, variables, x = made(kind, 1)
  y = jnp.asarray(np.rint(x), jnp.int32)
  task = pixels.density(model)
  loss = task.losses[0]
  batch = Batch(asked(model, x), y, jnp.ones(1))
  params = variables['params']

  @jax.jit
  def step(params):
    slopes, _ = jax.grad(loss, has_aux=True)(params, {}, batch, jax.random.key(0))
    return jax.tree.map(lambda p, d: p - 0.1 * d, params, slopes)

  for _ in range(5):
    params = step(params)
  assert np.triu(dependence(model, {'params': params}, x)).max() == 0


def test_a_class_adds_its_vectors_to_what_the_gates_read():
  model, variables, x = made('conditional', 1)
  params = perturbed(variables)['params']
  said = [logits(model, params, asked(model, x, number)) for number in range(CLASSES)]
  for number, wanted in enumerate(said):
    plain = dict(params)
    for name in ('block_1', 'block_2'):
      block = dict(params[name])
      for stack in ('vertical', 'horizontal'):
        vector = block.pop(f'{stack}_class')['embedding'][number]
        add = lambda leaf, vector=vector: leaf + vector if leaf.ndim == 1 else leaf
        block[stack] = jax.tree.map(add, block[stack])  # its bias
      plain[name] = block
    found = logits(model.clone(classes=0), plain, x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
  assert np.any(said[0] != said[1])


def test_only_the_plain_network_has_a_blind_spot():
  def seen(net):
    model = PixelCNN(net, 2, 6, 4, (16,))
    x = jax.random.uniform(jax.random.key(1), (1, 12, 12, 1))
    found = np.asarray(slope(model, perturbed(begun(model, x)), x)) != 0
    return found.ravel()[: 7 * 12 + 5]

  assert not seen('pixelcnn').all()
  assert seen('gated').all()


def test_one_layer_of_a_diagonal_bilstm_misses_only_the_end_of_the_row_above():
  model = PixelCNN('diagonal_bilstm', 2, 1, 4, (16,))
  x = jax.random.uniform(jax.random.key(1), (1, 12, 12, 1))
  found = np.asarray(slope(model, perturbed(begun(model, x)), x)).ravel() != 0
  # The first mask hides a pixel from its own features, and the features of row 7 that
  # have read the end of row 6 are to the right of column 5.
  missed = np.flatnonzero(~found[: 7 * 12 + 5])
  assert missed.tolist() == [6 * 12 + 11]


@pytest.fixture(scope='module', params=KINDS)
def tiny(request):
  """A network on 3 x 3 images, and log p of all 512 of them."""
  net, classes = KINDS[request.param]
  model = PixelCNN(net, 2, 1, 2, (2,), classes)
  images = np.array(list(itertools.product([0, 1], repeat=9))).reshape(-1, 3, 3, 1)
  x = asked(model, jnp.asarray(images, jnp.float32))
  variables = perturbed(begun(model, x))
  logits = jax.jit(lambda x: model.apply(variables, x, train=False))(x)
  return model, variables, images, -np.asarray(pixels.nats(logits, images), np.float64)


def test_the_probabilities_of_all_images_sum_to_one(tiny):
  *_, log_p = tiny
  np.testing.assert_allclose(np.exp(log_p).sum(), 1, atol=1e-5)


def test_samples_have_the_probabilities_of_their_images(tiny):
  model, variables, _, log_p = tiny
  count = 20_000
  start = np.zeros((count, 3, 3, 1), np.int32)
  known = np.zeros((3, 3, 1), bool)
  classes = views.parted(asked(model, start))[1]
  found = pixels.written(model, variables, start, known, 2, jax.random.key(3), classes)
  numbers = np.asarray(found).reshape(count, 9) @ 2 ** np.arange(8, -1, -1)
  seen = np.bincount(numbers, minlength=512)
  wanted = count * np.exp(log_p)
  rare = wanted < 5  # pooled, as the test wants
  if rare.any():
    seen = np.append(seen[~rare], seen[rare].sum())
    wanted = np.append(wanted[~rare], wanted[rare].sum())
  assert stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue > 1e-3


def test_known_values_are_kept():
  model, variables, _ = made('gated', 1, 4)
  levels = np.random.default_rng(0).integers(0, 4, (3, HEIGHT, WIDTH, 1))
  known = np.zeros(levels.shape[1:], bool)
  known[:2] = True
  found = np.asarray(
    pixels.written(model, variables, levels, known, 4, jax.random.key(0))
  )
  np.testing.assert_array_equal(found[:, :2], levels[:, :2])
  assert (found[:, 2:] != levels[:, 2:]).any()


def test_bits_are_those_of_a_value():
  logits = jnp.zeros((2, 3, 4, 1, 2))
  levels = jnp.zeros((2, 3, 4, 1), jnp.int32)
  np.testing.assert_allclose(pixels.nats(logits, levels), 12 * np.log(2), 1e-6)
  np.testing.assert_allclose(pixels.bits_of_a_value(logits, levels), 1, 1e-6)


# Parameters that are not masked, of published networks on 28 x 28 pixels.
FREE = {
  ('pixelcnn', 15, 16, (32,)): 37_409,  # pytorch-generative
  ('diagonal_bilstm', 7, 16, (32, 32)): 65_793 - 25 * 32,  # with a whole 7 x 7 mask
}


@pytest.mark.parametrize(('net', 'layers', 'width', 'head'), FREE)
def test_the_parameters_are_those_of_the_published_networks(net, layers, width, head):
  model = PixelCNN(net, 2, layers, width, head)
  x = jnp.zeros((1, 28, 28, 1))
  shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), x, train=False))
  count = 0
  for path, leaf in jax.tree_util.tree_leaves_with_path(shapes):
    count += leaf.size
    if leaf.ndim == 4 and leaf.shape[1] > 1:  # its last row is masked to the right
      hidden = leaf.shape[1] // 2 + ('first' in jax.tree_util.keystr(path))
      count -= hidden * leaf.shape[2] * leaf.shape[3]
  assert count == FREE[net, layers, width, head]


def test_the_task_is_one_of_the_contract():
  model, _, x = made('gated', 1)
  batch = Batch(x, np.rint(x).astype(np.int32), jnp.ones(1))
  task = tasks.corrupted(pixels.density(model), lambda key, batch: batch)
  variables = task.init(jax.random.key(0), batch)
  found = task.metrics(variables, batch, jax.random.key(0))
  assert set(found) == {'loss', 'bits'}
