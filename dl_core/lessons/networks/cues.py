"""A cue asks a language model for a summary: "TL;DR:" after a document.

GPT-2 was not trained to sum up, and its summaries are better with the cue than without,
but worse than the first sentences of the document.

Shapes: R seeds, N documents, M measures.
"""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from dl_core.data import summaries
from dl_core.data.summaries import Document
from dl_core.interpret import prompted
from dl_core.lessons import errors
from dl_core.report import draw
from dl_core.tasks import rouge
from dl_core.types import Claim, Picture

SHOWN = 4  # summaries
CUED, PLAIN, LEAD = 'with the cue', 'without it', 'first sentence of the document'


def pictures(
  documents: Sequence[Document],
  count: int,
  top_k: int,
  models: Mapping[int, prompted.Model],
) -> list[Picture]:
  """Draws ROUGE of summaries with the cue and without, and some of them.

  Args:
    documents: to sum up.
    count, top_k: see `prompted.summed_up`.
    models: {seed: the model of that seed}.

  Returns:
    Two pictures; none without documents.
  """
  if not documents:
    return []
  bodies = [each.body for each in documents]
  written = lambda cue: [
    prompted.summed_up(model, bodies, cue, count, jax.random.key(seed), top_k)
    for seed, model in models.items()
  ]
  texts = {CUED: written(prompted.CUE), PLAIN: written(prompted.NO_CUE)}
  texts[LEAD] = [[summaries.first_sentence(body) for body in bodies]]
  true = [each.summary for each in documents]
  found = {
    name: 100 * np.array([[*map(rouge.scores, row, true)] for row in rows])
    for name, rows in texts.items()
  }  # [R, N, M] each
  means = {name: values.mean(axis=(0, 1)) for name, values in found.items()}

  def show():
    figure, axes = draw.panel(5.4, 3.2, ylabel='F1, %')
    draw.bars(axes, means, rouge.NAMES)
    draw.legend(axes, loc='upper center')
    return figure

  def examples():
    columns = {'first line': true} | {name: rows[0] for name, rows in texts.items()}
    return '\n\n'.join(
      '\n'.join(f'{name}: {column[row]}' for name, column in columns.items())
      for row in range(min(SHOWN, len(true)))
    )

  long = {name: values[..., -1] for name, values in found.items()}  # ROUGE-L
  gain, lead = long[CUED] - long[PLAIN], long[LEAD] - long[CUED]
  measured = ', '.join(f'{name} {values.mean():.1f}' for name, values in long.items())
  return [
    Picture(
      'Summaries without fine-tuning',
      f'ROUGE of the first sentence that the model writes after {len(true)} documents '
      'of the validation and test splits, with the cue "TL;DR:" after the document and '
      'without it. The reference is the first line, which the model does not read.',
      show,
      (
        Claim(
          'The cue "TL;DR:" raises ROUGE-L by more than two standard errors',
          errors.above(gain),
          f'{errors.spread(gain)} points; {measured}',
        ),
        Claim(
          'As for GPT-2, the first sentence of the document is a better summary than '
          'the one that the model writes, by more than two standard errors',
          errors.above(lead),
          f'{errors.spread(lead)} points',
        ),
      ),
    ),
    Picture(
      'Some of the summaries', 'The first documents, by the first seed.', examples
    ),
  ]
