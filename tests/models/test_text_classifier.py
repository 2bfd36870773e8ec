"""Fine-tuning: which token is read out, and what GPT goes on predicting."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import trees
from dl_core.models import bert, gpt, text_classifier
from dl_core.models.transformer import Size
from dl_core.models.weights import exchange, files
from dl_core.models.weights import gpt as gpt_names
from dl_core.models.weights import text_classifier as classifier_names

V, T, K = 11, 8, 3
BODY = gpt.GPT(V, gpt.Size(2, 8, 2, T, 0))
MODEL = text_classifier.GPTClassifier(BODY, K, V)
START, DELIMITER, CLASSIFY = range(V, V + 3)
TOKENS = np.array(
  [[START, 1, 2, DELIMITER, 3, CLASSIFY, 0, 0], [START, 4, 5, 6, 7, 8, 9, CLASSIFY]],
  np.int32,
)
X = {'tokens': TOKENS, 'lengths': np.array([6, 8], np.int32)}


def variables(model, x):
  made = jax.jit(lambda: model.init(jax.random.key(0), x, train=False))()
  keys = iter(jax.random.split(jax.random.key(1), 99))
  return jax.tree.map(
    lambda leaf: leaf + 0.3 * jax.random.normal(next(keys), leaf.shape), made
  )


def test_the_parameters_of_the_body_have_the_paths_of_the_pretrained_model():
  params = variables(MODEL, X)['params']
  pretrained = BODY.init(jax.random.key(0), TOKENS % V, train=False)['params']
  assert params.keys() - pretrained.keys() == {'new', 'output'}
  assert pretrained.keys() == set(text_classifier.GPT_BODY)
  x = X | {'segments': 0 * TOKENS, 'places': TOKENS[:, :2] % V}
  tokens = x | {'tokens': TOKENS % V}
  size = Size(2, 8, 2, 12)
  encoder = bert.Encoder(V, size, T)
  model = text_classifier.BERTClassifier(encoder, K)
  params = model.init(jax.random.key(0), tokens, train=False)['params']
  pretrained = bert.BERT(encoder).init(jax.random.key(0), tokens, train=False)
  assert params.keys() - pretrained['params'].keys() == {'output'}
  assert params.keys() == {*text_classifier.BERT_BODY, 'output'}
  for part in text_classifier.BERT_BODY:
    shapes = (jax.tree.map(jnp.shape, p[part]) for p in (params, pretrained['params']))
    assert next(shapes) == next(shapes)


def test_gpt_reads_out_the_last_mark_which_knows_the_whole_text():
  v = variables(MODEL, X)
  call = jax.jit(lambda tokens: MODEL.apply(v, X | {'tokens': tokens}, train=False))
  before = call(TOKENS)
  for place in range(TOKENS.shape[1]):
    moved = TOKENS.copy()
    moved[:, place] = (moved[:, place] + 1) % V
    changed = np.any(np.asarray(before != call(moved)), axis=1)
    assert changed.tolist() == (place < X['lengths']).tolist()


def test_gpt_predicts_the_tokens_of_its_texts_and_no_marks():
  v = variables(MODEL, X)
  _, nats = MODEL.apply(v, X, train=True, rngs={'dropout': jax.random.key(0)})

  def features(classifier):
    h, _ = classifier.body.through(classifier.embedded(TOKENS), None)
    return jax.nn.log_softmax(classifier.body.embedding.logits(h))

  log_p = np.asarray(MODEL.apply(v, method=features))
  for row, places in enumerate(([1, 2, 4], [1, 2, 3, 4, 5, 6])):
    wanted = -np.mean([log_p[row, t - 1, TOKENS[row, t]] for t in places])
    np.testing.assert_allclose(nats[row], wanted, rtol=1e-5)
  silent = MODEL.clone(auxiliary=False)
  logits = silent.apply(v, X, train=True, rngs={'dropout': jax.random.key(0)})
  assert logits.shape == (2, K)


def test_a_file_of_the_pretrained_gpt_fills_the_body_and_the_rest_begins_anew(tmp_path):
  path = tmp_path / 'model.safetensors'
  init = jax.jit(lambda x: BODY.init(jax.random.key(0), x, train=False))
  pretrained = init(TOKENS % V)
  files.write(path, exchange.given(pretrained, gpt_names.names(BODY)))
  like = trees.flatten(variables(MODEL, X))
  table = classifier_names.names(MODEL)
  found = exchange.load(path, table, like, text_classifier.GPT_BODY)
  assert found.notes[0].endswith('were taken, and new, output begin anew')
  own = trees.flatten(pretrained)
  assert found.leaves.keys() == own.keys()
  for name, array in found.leaves.items():
    np.testing.assert_array_equal(array, own[name])
