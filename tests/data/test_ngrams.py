"""Naive Bayes over n-grams, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from dl_core.data import ngrams


@pytest.fixture
def sentences():
  random = np.random.RandomState(0)
  lengths = random.randint(1, 9, 300)
  labels = random.randint(3, size=300)
  tokens = random.randint(0, 6, size=(300, 8))
  # A class likes some tokens, and some pairs.
  tokens = np.where(random.rand(300, 8) < 0.3, labels[:, None], tokens)
  return tokens, lengths, labels


@pytest.mark.parametrize('n', [1, 2, 3])
def test_it_says_what_scikit_learn_says(sentences, n):
  tokens, lengths, labels = sentences
  marked = n > 1
  texts = [
    '<' * marked + ''.join('abcdef'[t] for t in row[:length]) + '>' * marked
    for row, length in zip(tokens, lengths, strict=True)
  ]
  read = CountVectorizer(analyzer='char', ngram_range=(n, n))
  counts = read.fit_transform(texts[:200])
  other = MultinomialNB(alpha=1.0, class_prior=None).fit(counts, labels[:200])
  other.class_log_prior_ = np.log((np.bincount(labels[:200]) + 1) / 203)
  model = ngrams.fit(tokens[:200], lengths[:200], labels[:200], n=n, classes=3)
  assert len(model.grams) == counts.shape[1]
  found = ngrams.predicted(model, tokens[200:], lengths[200:])
  np.testing.assert_array_equal(found, other.predict(read.transform(texts[200:])))
  assert np.mean(found == labels[200:]) > 0.45


def test_padding_is_not_read(sentences):
  tokens, lengths, _ = sentences
  spoilt = tokens.copy()
  spoilt[np.arange(8)[None] >= lengths[:, None]] = 5
  for n in (1, 3):
    for one, other in zip(
      ngrams.coded(tokens, lengths, n), ngrams.coded(spoilt, lengths, n), strict=True
    ):
      np.testing.assert_array_equal(one, other)
