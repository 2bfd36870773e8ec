import jax
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from dl_core import interpret, types
from dl_core.interpret import classification
from dl_core.report import svg

N, K = 53, 4


def make(logits, labels, images, classes=(), size=16):
  """A model that knows its answers: the first pixel of an image is its number."""
  table = jax.numpy.asarray(logits, jax.numpy.float32)
  images = np.array(images, np.float32)
  images[:, 0, 0, 0] = np.arange(len(images))

  def outputs(variables, x):
    return variables['scale'] * table[x[:, 0, 0, 0].astype(int)]

  def test():
    for start in range(0, len(images), size):
      index = np.arange(start, start + size)
      real = index < len(images)
      index = np.where(real, index, 0)  # padding repeats the first example
      yield types.Batch(images[index], labels[index], real.astype(np.float32))

  spec = types.Spec(types.Batch(None, None, None), 'toy/1', tuple(classes))
  return types.Task(None, (), None, outputs), types.Data(
    spec, None, None, {'test': test}
  )


@pytest.fixture
def toy():
  rng = np.random.default_rng(0)
  labels = rng.integers(0, K, N).astype(np.int32)
  logits = rng.normal(size=(N, K)) + 1.2 * np.eye(K)[labels]
  return logits, labels, rng.uniform(size=(N, 6, 5, 1))


VARIABLES = {'scale': np.float32(1)}


def asked(toy, **kwargs):
  task, data = make(*toy)
  return classification.ask(task, VARIABLES, data.splits['test'](), **kwargs)


def test_the_confusion_matrix_counts_as_scikit_learn_does(toy):
  logits, labels, _ = toy
  table = classification.confusion(asked(toy))
  wanted = sklearn_metrics.confusion_matrix(labels, logits.argmax(-1))
  np.testing.assert_array_equal(table, wanted)
  assert table.sum() == N  # padding did not count


def test_loss_is_the_cross_entropy_of_the_label(toy):
  logits, labels, _ = toy
  answers = asked(toy)
  chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
  wanted = -np.log(chances[np.arange(N), labels])
  np.testing.assert_allclose(answers.loss, wanted, rtol=1e-4)
  np.testing.assert_allclose(answers.confidence, chances.max(-1), rtol=1e-4)


def test_the_worst_mistakes_are_the_wrong_ones_of_the_highest_loss_in_order(toy):
  answers = asked(toy, show=5)
  wrong = np.flatnonzero(answers.said != answers.truth)
  assert len(wrong) > 5
  wanted = wrong[np.argsort(-answers.loss[wrong], kind='stable')][:5]
  np.testing.assert_array_equal(answers.shown, wanted)
  np.testing.assert_array_equal(answers.images[:, 0, 0, 0], wanted)


def test_with_few_mistakes_nothing_that_is_right_is_shown(toy):
  logits, labels, images = toy
  logits = 9 * np.eye(K)[labels]
  logits[7], logits[40] = 0, np.roll(logits[40], 1)
  labels[7] = 1  # equal chances are read as class 0
  answers = asked((logits, labels, images), show=12)
  assert list(answers.shown) == [40, 7]


def test_where_nothing_is_wrong_the_closest_calls_are_shown_and_it_says_so(toy):
  logits, labels, images = toy
  logits = 9 * np.eye(K)[labels]
  logits[21] /= 9
  task, data = make(logits, labels, images)
  pictures = classification.report(task)(VARIABLES, {}, data, None)
  assert [p.title for p in pictures] == ['Confusion matrix', 'Closest calls']
  assert f'All {N} test images are read right' in pictures[1].caption
  assert 'None is confused' in pictures[0].caption
  answers = asked((logits, labels, images), show=3)
  assert answers.shown[0] == 21


def texts(picture):
  """All that can be read in a drawing."""
  figure = picture.draw()
  found = [text.get_text() for text in figure.findobj(lambda a: hasattr(a, 'get_text'))]
  return ' '.join(found)


def test_the_pictures_name_classes_chances_and_counts(toy):
  logits, labels, images = toy
  classes = ('cat', 'dog', 'a$b$', '<b>x</b>')
  task, data = make(logits, labels, images, classes)
  matrix, mistakes = classification.report(task, show=6)(VARIABLES, {}, data, None)
  answers = asked(toy, show=6)
  place = answers.shown[0]
  said, truth = classes[answers.said[place]], classes[answers.truth[place]]
  assert f'{said}, {answers.confidence[place]:.0%}\nis {truth}' in texts(mistakes)
  table = classification.confusion(answers)
  for count in np.unique(table[table > 0]):
    assert f' {count} ' in f' {texts(matrix)} '
  recall = table[0, 0] / table[0].sum()
  assert f'{recall:.1%}' in texts(matrix)
  count, i, j = classification.pairs(table)[0]
  assert f'{classes[i]} read as {classes[j]} ({count})' in matrix.caption
  for picture in (matrix, mistakes):
    assert '<b>' not in svg.draw(picture).art


def test_a_hundred_classes_of_long_names_stay_legible():
  rng = np.random.default_rng(1)
  labels = rng.integers(0, 100, 400).astype(np.int32)
  logits = rng.normal(size=(400, 100)) + 4 * np.eye(100)[labels]
  classes = [f'{k} of a very long name indeed' for k in range(100)]
  task, data = make(logits, labels, rng.uniform(size=(400, 2, 2, 3)), classes)
  found = classification.report(task)(VARIABLES, {}, data, None)
  assert [p.title for p in found][:2] == ['Confusion matrix', 'Most often confused']
  matrix = svg.draw(found[0])
  assert matrix.width < 1300
  sizes = [text.get_fontsize() for text in found[0].draw().axes[0].get_yticklabels()]
  assert len(sizes) == 100
  assert min(sizes) >= 6.5
  assert sum(len(svg.draw(p).art) for p in found) < 500_000


def test_a_class_without_examples_has_no_recall(toy):
  logits, labels, images = toy
  labels = np.where(labels == 2, 1, labels)
  task, data = make(logits, labels, images)
  matrix, *_ = classification.report(task)(VARIABLES, {}, data, None)
  assert '–' in texts(matrix)
  assert 'nan' not in texts(matrix)


def test_inputs_that_are_no_images_give_a_matrix_alone():
  labels = np.array([0, 1, 1], np.int32)
  x = np.eye(2, dtype=np.float32)[[0, 1, 0]]
  batch = types.Batch(x, labels, np.ones(3, np.float32))
  task = types.Task(None, (), None, lambda variables, x: x)
  spec = types.Spec(batch, 'toy/1')
  data = types.Data(spec, None, None, {'test': lambda: [batch]})
  found = classification.report(task)({}, {}, data, None)
  assert [p.title for p in found] == ['Confusion matrix']
  assert found[0].caption.startswith('2 of 3')


def test_join_shows_all_pictures_in_order():
  def of(title):
    return lambda *_: [types.Picture(title, '', lambda: None)]

  found = interpret.join(of('a'), of('b'))({}, {}, None, None)
  assert [p.title for p in found] == ['a', 'b']
