"""ROUGE: the overlap of a summary with its reference, in words and in their order.

Lin 2004 (https://aclanthology.org/W04-1013): F1 of the n-grams that both share, and of
their longest common subsequence. Words are runs of letters and digits, in lower case,
without stemming, as in the package rouge-score.
"""

import collections
import re
from collections.abc import Sequence

WORD = re.compile(r'[a-z0-9]+')
NAMES = ('ROUGE-1', 'ROUGE-2', 'ROUGE-L')


def scores(said: str, true: str) -> tuple[float, float, float]:
  """Returns ROUGE-1, ROUGE-2 and ROUGE-L of a summary, in [0, 1]."""
  a, b = words(said), words(true)
  return ngrams(a, b, 1), ngrams(a, b, 2), f1(common(a, b), len(a), len(b))


def words(text: str) -> list[str]:
  return WORD.findall(text.lower())


def ngrams(said: Sequence[str], true: Sequence[str], n: int) -> float:
  """Returns F1 of the n-grams of two texts, each counted as often as both have it."""
  a, b = (
    collections.Counter(zip(*(text[i:] for i in range(n)), strict=False))
    for text in (said, true)
  )
  return f1((a & b).total(), a.total(), b.total())


def common(said: Sequence[str], true: Sequence[str]) -> int:
  """Returns the length of the longest common subsequence."""
  best = [0] * (len(true) + 1)  # of the words of `said` so far and the first of `true`
  for word in said:
    before = best[:]
    for i, other in enumerate(true):
      best[i + 1] = before[i] + 1 if word == other else max(best[i], before[i + 1])
  return best[-1]


def f1(shared: int, said: int, true: int) -> float:
  """Returns 2PR / (P + R) with P = shared / said, R = shared / true; 0 of nothing."""
  return 2 * shared / (said + true) if shared else 0.0
