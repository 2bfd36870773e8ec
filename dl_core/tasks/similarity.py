"""How similar texts are to their references: BLEU and chrF, by sacrebleu.

Papineni et al. 2002 (https://aclanthology.org/P02-1040), in the tokenisation 13a of the
WMT, on lower-cased text that is detokenised: Post 2018
(https://arxiv.org/abs/1804.08771); Popović 2015 (https://aclanthology.org/W15-3049).
"""

from collections.abc import Sequence
from typing import Any

from dl_core import metrics

metrics.declare('bleu')  # of 100
metrics.declare('chrf')  # of 100


def bleu(said: Sequence[str], true: Sequence[str]) -> float:
  """Returns the BLEU of a corpus, from 0 to 100."""
  return float(_bleu().corpus_score(list(said), [list(true)]).score)


def chrf(said: Sequence[str], true: Sequence[str]) -> float:
  """Returns the chrF2 of a corpus, from 0 to 100."""
  from sacrebleu.metrics import CHRF

  return float(CHRF(lowercase=True).corpus_score(list(said), [list(true)]).score)


def signature() -> str:
  """Returns sacrebleu's signature of `bleu`: what makes a figure comparable."""
  measure = _bleu()
  measure.corpus_score(['a'], [['a']])  # it tells the number of references
  return str(measure.get_signature())


def _bleu() -> Any:
  from sacrebleu.metrics import BLEU

  return BLEU(lowercase=True, tokenize='13a')
