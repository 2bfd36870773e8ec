"""Pairs of texts: what is measured, what is written, and that both agree."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics, tasks
from dl_core.models import seq2seq
from dl_core.tasks import beam, decode, similarity, translation
from dl_core.types import Batch, Data, Marks, Spec

MARKS = Marks(start=1, stop=2)
V, T = 4, 5


def made(attention='dot', sharp=3.0):
  """Returns a task and random variables; larger weights make likelihoods differ."""
  model = seq2seq.Seq2Seq(6, V, hidden=6, attention=attention)
  task = tasks.translate(model)
  variables = task.init(jax.random.key(0), batch())
  return task, jax.tree.map(lambda leaf: sharp * leaf, variables)


def batch(rows=3):
  draw = np.random.default_rng(0)
  y = draw.integers(3, V, size=(rows, T)).astype(np.int32)
  ends = np.array([4, 1, 2] * rows)[:rows]
  places = np.arange(T)[None]
  weight = (places <= ends[:, None]).astype(np.float32)
  y = np.where(places == ends[:, None], MARKS.stop, np.where(weight > 0, y, MARKS.pad))
  target = np.concatenate([np.full((rows, 1), MARKS.start), y[:, :-1]], axis=1)
  x = {
    'source': draw.integers(6, size=(rows, 4)).astype(np.int32),
    'lengths': np.array([4, 2, 3] * rows, np.int32)[:rows],
    'target': target.astype(np.int32),
  }
  return Batch(x, y.astype(np.int32), weight)


@pytest.mark.parametrize('attention', ['none', 'dot', 'additive'])
def test_exact_counts_what_greedy_decoding_writes(attention):
  task, variables = made(attention)
  x = batch().x
  said = np.asarray(translation.written(task.decode, variables, x, T, MARKS))
  # One target is what it writes, up to the stop token; the others differ in a token.
  weight = np.ones((3, T), np.float32)
  for row in range(3):
    ends = np.flatnonzero(said[row] == MARKS.stop)
    weight[row, (ends[0] + 1 if len(ends) else T) :] = 0
  y = said.copy()
  y[1, 0] = (said[1, 0] + 1) % V
  y[2, 0] = (said[2, 0] + 1) % V
  start = np.full((3, 1), MARKS.start, np.int32)
  target = np.concatenate([start, y[:, :-1]], axis=1)
  own = Batch(x | {'target': target}, y, weight)
  sums = task.metrics(variables, own, jax.random.key(0))
  assert metrics.mean(sums)['exact'] == pytest.approx(1 / 3)


def test_padding_of_targets_and_padded_rows_change_no_figure():
  task, variables = made()
  given = batch()
  y = np.where(given.weight > 0, given.y, 3)
  target = np.where(given.weight > 0, given.x['target'], 3)
  other = Batch(given.x | {'target': target}, y, given.weight)
  key = jax.random.key(0)
  figures = metrics.mean(task.metrics(variables, given, key))
  assert figures == metrics.mean(task.metrics(variables, other, key))
  more = jax.tree.map(lambda leaf: np.concatenate([leaf, leaf[:1]]), given)
  more.weight[3] = 0
  padded = metrics.mean(task.metrics(variables, more, key))
  assert padded == pytest.approx(figures)


def test_the_loss_is_the_mean_over_the_tokens_of_all_targets():
  task, variables = made()
  given = batch()
  prompt = given.x['target'][:, :1]
  log_p = decode.scored(
    task.decode, variables, prompt, given.y, given.weight, x=given.x
  )
  loss = metrics.mean(task.metrics(variables, given, jax.random.key(0)))['loss']
  assert loss == pytest.approx(-float(jnp.sum(log_p)) / given.weight.sum(), rel=1e-5)


def test_greedy_is_by_hand_and_stops():
  task, variables = made()
  x = batch().x
  said = np.asarray(translation.written(task.decode, variables, x, T, MARKS))
  for row in range(3):
    alone = {name: leaf[row : row + 1] for name, leaf in x.items()}
    tokens, text = [MARKS.start], []
    for _ in range(T):
      own = alone | {'target': np.array([tokens], np.int32)}
      token = int(task.outputs(variables, own)[0, -1].argmax())
      text.append(token)
      if token == MARKS.stop:
        break
      tokens.append(token)
    assert said[row].tolist() == text + [MARKS.pad] * (T - len(text))


@pytest.mark.parametrize('attention', ['none', 'dot', 'additive'])
def test_a_wide_beam_is_an_exhaustive_search(attention):
  task, variables = made(attention)
  x = {name: leaf[:1] for name, leaf in batch().x.items()}
  texts = set()
  for tokens in itertools.product(range(V), repeat=T):
    end = tokens.index(MARKS.stop) + 1 if MARKS.stop in tokens else T
    texts.add(tokens[:end])
  texts = sorted(texts)
  padded = np.array([[*text, *[MARKS.pad] * (T - len(text))] for text in texts])
  weight = np.array([[1.0] * len(text) + [0.0] * (T - len(text)) for text in texts])
  many = jax.tree.map(lambda leaf: leaf.repeat(len(texts), 0), x)
  prompt = np.full((len(texts), 1), MARKS.start, np.int32)
  log_p = decode.scored(
    task.decode, variables, prompt, padded.astype(np.int32), weight, x=many
  )
  assert float(jnp.sum(jnp.exp(log_p))) == pytest.approx(1, abs=1e-4)
  best = int(jnp.argmax(log_p))
  found = beam.beam(
    task.decode, variables, prompt[:1], T, V**T, x=x, stop=MARKS.stop, pad=MARKS.pad
  )
  assert found.tokens[0, 0].tolist() == padded[best].tolist()
  assert float(found.log_p[0, 0]) == pytest.approx(float(log_p[best]), abs=1e-4)
  wide = translation.written(task.decode, variables, x, T, MARKS, V**T)
  assert wide[0].tolist() == padded[best].tolist()


def test_a_beam_of_one_is_greedy():
  task, variables = made()
  x = batch().x
  greedy = translation.written(task.decode, variables, x, T, MARKS)
  prompt = np.full((3, 1), MARKS.start, np.int32)
  one = beam.beam(
    task.decode, variables, prompt, T, 1, x=x, stop=MARKS.stop, pad=MARKS.pad
  )
  np.testing.assert_array_equal(one.tokens[:, 0], greedy)


def data_of(given):
  words = ['', '', '', 'a']

  def write(tokens, decoder=None):
    return ''.join(words[token] for token in tokens)

  split = lambda: iter([given])
  return Data(
    Spec(given, 'toys/1'),
    feed=None,
    take=None,
    splits={'test': split, 'validation': split},
    write=write,
    marks=lambda: MARKS,
  )


def test_examples_are_those_that_count():
  given = batch(6)
  given.weight[4:] = 0
  x, y = translation.examples(data_of(given), 'test')
  assert len(y) == len(x['lengths']) == 4
  few, _ = translation.examples(data_of(given), 'test', 2)
  np.testing.assert_array_equal(few['source'], given.x['source'][[0, 3]])


def bleu(said, true):
  """BLEU of Papineni et al., of words, with sacrebleu's smoothing where none match."""
  matched, counted = np.zeros(4), np.zeros(4)
  for hypothesis, reference in zip(said, true, strict=True):
    a, b = hypothesis.split(), reference.split()
    for n in range(1, 5):
      grams = [tuple(a[i : i + n]) for i in range(len(a) - n + 1)]
      left = [tuple(b[i : i + n]) for i in range(len(b) - n + 1)]
      counted[n - 1] += len(grams)
      for gram in grams:
        if gram in left:
          left.remove(gram)
          matched[n - 1] += 1
  lengths = [sum(len(text.split()) for text in texts) for texts in (said, true)]
  brevity = min(0.0, 1 - lengths[1] / lengths[0])
  return 100 * math.exp(brevity + np.mean(np.log(matched / counted)))


def test_bleu_is_the_papers():
  said = ['the cat sat on the mat today', 'a dog ran over the green field']
  true = ['the cat sat on a mat today', 'A dog ran over the wide green field here']
  lower = [text.lower() for text in true]
  assert similarity.bleu(said, true) == pytest.approx(bleu(said, lower), abs=1e-9)
  assert similarity.bleu(true, true) == pytest.approx(100)
  assert 'tok:13a' in similarity.signature()
  assert 'case:lc' in similarity.signature()


def test_an_unknown_word_of_a_reference_is_never_right():
  data = data_of(batch())
  words = ['', '', '', 'a', '<unk>']
  write = lambda tokens, decoder=None: ' '.join(words[one] for one in tokens)
  data = data._replace(write=write, marks=lambda: MARKS._replace(unknown=4))
  tokens = np.array([[3, 4], [3, 3]])
  said = translation.texts(data, tokens)
  true = translation.texts(data, tokens, translation.UNLIKE)
  assert said == ['a <unk>', 'a a']
  assert true == [f'a {translation.UNLIKE}', 'a a']
