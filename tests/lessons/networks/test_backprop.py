"""The pass by hand is held against NumPy, against differences, and for batches."""

import jax
import numpy as np
import pytest

from dl_core.lessons.networks import activations, backprop, outputs

IDENTITY, SIGMOID, SOFTMAX = outputs.PAIRINGS
CASES = [
  ('tanh', SOFTMAX, (3, 7, 2, 5, 4)),
  ('ReLU', SIGMOID, (5, 1)),
  ('sigmoid', IDENTITY, (2, 3, 4, 3, 2, 1)),
  ('step', SOFTMAX, (4, 6, 3)),
]


def sigmoid(z):
  return 1 / (1 + np.exp(-z))


HIDDEN = {
  'tanh': (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
  'ReLU': (lambda z: np.maximum(z, 0), lambda z: np.float64(z > 0)),
  'sigmoid': (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
  'step': (lambda z: np.float64(z > 0), lambda z: 0 * z),
}
ANSWER = {
  IDENTITY: lambda z: z,
  SIGMOID: sigmoid,
  SOFTMAX: lambda z: np.exp(z) / np.exp(z).sum(),
}
LOSS = {
  IDENTITY: lambda p, y: np.sum((y - p) ** 2) / 2,
  SIGMOID: lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)),
  SOFTMAX: lambda p, y: -np.sum(y * np.log(p)),
}


def textbook(hidden, pairing, layers, x, y):
  """Returns the loss, δ of every layer, and the gradients, number by number."""
  f, slope = HIDDEN[hidden]
  a, z = [x], []
  for number, (w, b) in enumerate(layers, 1):
    z.append(np.array([sum(row * a[-1]) + b[i] for i, row in enumerate(w)]))
    a.append((ANSWER[pairing] if number == len(layers) else f)(z[-1]))
  delta = {len(layers): a[-1] - y}
  for l in range(len(layers) - 1, 0, -1):  # noqa: E741
    w = layers[l][0]
    back = [
      sum(w[i, j] * delta[l + 1][i] for i in range(len(w)))
      for j in range(len(z[l - 1]))
    ]
    delta[l] = np.array(back) * slope(z[l - 1])
  gradients = [
    (np.array([[d * value for value in a[l - 1]] for d in delta[l]]), delta[l])
    for l in sorted(delta)  # noqa: E741
  ]
  return LOSS[pairing](a[-1], y), [delta[l] for l in sorted(delta)], gradients  # noqa: E741


@pytest.fixture(scope='module', params=CASES, ids=lambda case: case[0])
def case(request):
  """A random network, an example, and what was computed of them by hand."""
  hidden, pairing, sizes = request.param
  net = backprop.Net(activations.ACTIVATIONS[hidden], outputs.PAIRINGS[pairing])
  random = np.random.default_rng(len(sizes))
  layers = jax.tree.map(lambda leaf: leaf[0], backprop.random_layers(random, 1, sizes))
  x = random.standard_normal(sizes[0], np.float32)
  y = net.output.labels(random, sizes[-1:])

  @jax.jit
  def found(layers, x, y):
    passed = backprop.forward(net, layers, x)
    return backprop.loss(net, layers, x, y), backprop.backward(net, layers, passed, y)

  exact = jax.tree.map(lambda leaf: np.float64(leaf), (layers, x, y))
  return hidden, pairing, exact, found(layers, x, y)


def test_deltas_and_gradients_are_the_textbooks(case):
  hidden, pairing, exact, (loss, back) = case
  expected, delta, gradients = textbook(hidden, pairing, *exact)
  np.testing.assert_allclose(loss, expected, rtol=1e-5)
  for ours, theirs in zip(back.delta, delta, strict=True):
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
  for layer, (w, b) in zip(back.gradients, gradients, strict=True):
    np.testing.assert_allclose(layer.w, w, atol=2e-6)
    np.testing.assert_allclose(layer.b, b, atol=2e-6)


def test_gradients_are_what_the_loss_does_when_a_weight_moves(case):
  hidden, pairing, (layers, x, y), (_, back) = case
  for number, layer in enumerate(layers):
    for part, array in enumerate(layer):
      place = tuple(side - 1 for side in array.shape)
      both = []
      for sign in (1, -1):
        array[place] += sign * 1e-6
        both.append(textbook(hidden, pairing, layers, x, y)[0])
        array[place] -= sign * 1e-6
      moved = (both[0] - both[1]) / 2e-6
      np.testing.assert_allclose(back.gradients[number][part][place], moved, atol=5e-6)


def test_a_step_passes_nothing_back(case):
  hidden, _, _, (_, back) = case
  reached = [bool(np.any(delta)) for delta in back.delta]
  assert reached == [hidden != 'step'] * (len(reached) - 1) + [True]


def test_the_gradient_of_a_batch_is_the_mean_of_its_examples():
  net = backprop.Net(activations.ACTIVATIONS['tanh'], outputs.PAIRINGS[IDENTITY])
  layers = [
    backprop.Layer(np.full((3, 2), 0.5, np.float32), np.ones(3, np.float32)),
    backprop.Layer(np.full((1, 3), 0.2, np.float32), np.ones(1, np.float32)),
  ]
  x, y = np.arange(6, dtype=np.float32).reshape(3, 2) / 6, np.ones((3, 1), np.float32)
  both = jax.jit(
    lambda x, y: (
      backprop.gradients(net, layers, x, y),
      jax.grad(lambda layers: backprop.mean_loss(net, layers, x, y))(layers),
    )
  )
  for ours, theirs in zip(*map(jax.tree.leaves, both(x, y)), strict=True):
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_random_layers_have_the_shapes_and_the_variance_asked_for():
  layers = backprop.random_layers(np.random.default_rng(0), 7, (100, 50, 3))
  assert [(each.w.shape, each.b.shape) for each in layers] == [
    ((7, 50, 100), (7, 50)),
    ((7, 3, 50), (7, 3)),
  ]
  np.testing.assert_allclose(np.var(layers[0].w) * 100, 1, rtol=0.1)
