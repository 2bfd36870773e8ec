import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core.tasks import measures


def test_cross_entropy_is_minus_the_log_of_the_softmax():
  logits = np.array([[1.0, 2, 3], [0, 0, 50]], np.float32)
  labels = np.array([0, 2])
  share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
  wanted = -np.log(share[[0, 1], labels])
  found = measures.cross_entropy(jnp.asarray(logits), jnp.asarray(labels))
  np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-12)


def test_cross_entropy_is_computed_as_in_the_runs_on_record():
  logits, labels = jnp.linspace(-3, 50, 12).reshape(4, 3), jnp.array([0, 2, 1, 1])
  recorded = optax.softmax_cross_entropy_with_integer_labels
  programs = [
    str(jax.make_jaxpr(jax.value_and_grad(lambda x: jnp.sum(loss(x, labels))))(logits))  # noqa: B023
    for loss in (recorded, measures.cross_entropy)
  ]
  assert programs[0] == programs[1]


@pytest.mark.parametrize('label', [0.0, 0.25, 1.0])
def test_binary_cross_entropy_is_that_of_the_sigmoid(label):
  logit = np.array([-90, -20, -1, 0, 3, 20, 90])
  wanted = label * np.logaddexp(0, -logit) + (1 - label) * np.logaddexp(0, logit)
  slope = 1 / (1 + np.exp(-logit)) - label
  labels = jnp.full(7, label)
  found, pull = jax.vjp(
    lambda s: measures.binary_cross_entropy(s, labels), jnp.float32(logit)
  )
  np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-30)
  np.testing.assert_allclose(pull(jnp.ones(7))[0], slope, rtol=1e-5, atol=1e-7)


def test_accuracy_asks_for_the_highest_logit():
  logits = jnp.array([[[0.0, 1], [1, 0]], [[3, 2], [2, 3]]])
  found = measures.accuracy(logits, jnp.array([[1, 1], [0, 0]]))
  np.testing.assert_array_equal(found, [[1, 0], [1, 0]])


@pytest.mark.parametrize(
  ('activation', 'label', 'loss', 'right', 'slope'),
  [(2, 1, 0, 1, 0), (-2, 1, 2, 0, -1), (2, -1, 2, 0, 1), (0, 1, 0, 0, -1),
   (0, -1, 0, 0, 1)],
)  # fmt: skip
def test_the_boundary_itself_is_a_mistake(activation, label, loss, right, slope):
  f, y = jnp.float32(activation), jnp.float32(label)
  assert measures.perceptron_loss(f, y) == loss
  assert measures.sign_accuracy(f, y) == right
  assert jax.grad(measures.perceptron_loss)(f, y) == slope


def test_the_gradient_of_an_error_is_the_difference_or_its_sign():
  answer, wanted = jnp.array([3.0, -1.0, 2.0]), jnp.array([1.0, 1.0, 2.0])
  slope = lambda loss: jax.grad(lambda f: loss(f, wanted).sum())(answer)
  np.testing.assert_array_equal(slope(measures.squared_error), answer - wanted)
  np.testing.assert_array_equal(slope(measures.absolute_error)[:2], [1, -1])
  np.testing.assert_array_equal(measures.squared_error(answer, wanted), [2, 2, 0])


@pytest.mark.parametrize('classes', [3, 5, 12])
def test_the_label_counts_among_the_five_highest_as_a_stable_sort_has_it(classes):
  random = np.random.RandomState(0)
  logits = random.randint(0, 4, (40, 5, classes)).astype(np.float32)  # many are equal
  labels = random.randint(classes, size=(40, 5))
  five = np.argsort(-logits, axis=-1, kind='stable')[..., :5]
  wanted = (five == labels[..., None]).any(-1)
  np.testing.assert_array_equal(measures.top5(logits, labels), wanted)
  assert wanted.all() == (classes <= 5)
  right = np.array(measures.accuracy(logits, labels))
  np.testing.assert_array_equal(right, five[..., 0] == labels)


def test_constant_logits_do_not_count_as_right_for_every_label():
  assert (
    measures.top5(jnp.zeros((10, 10)), jnp.arange(10)).tolist() == [1] * 5 + [0] * 5
  )


def test_logits_that_are_no_numbers_are_not_right():
  assert measures.top5(jnp.full((8, 8), jnp.nan), jnp.arange(8)).tolist() == [0] * 8


@pytest.mark.parametrize('share', [0.0, 0.1, 0.9])
def test_smoothed_labels_are_those_of_one_hot_arithmetic(share):
  random = np.random.RandomState(1)
  logits = random.normal(size=(6, 4, 7)).astype(np.float32)
  labels = random.randint(7, size=(6, 4))
  wanted = (1 - share) * np.eye(7)[labels] + share / 7
  logs = logits - np.log(np.exp(logits.astype(float)).sum(-1, keepdims=True))
  found = measures.smoothed(share)(jnp.asarray(logits), jnp.asarray(labels))
  np.testing.assert_allclose(found, -(wanted * logs).sum(-1), rtol=1e-5)


def test_labels_that_are_not_smoothed_leave_the_cross_entropy_itself():
  assert measures.smoothed(0.0) is measures.cross_entropy
