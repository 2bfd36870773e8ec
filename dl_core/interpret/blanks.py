"""Shows what a model puts in place of hidden words.

Shapes: K hidden places, T tokens, V tokens in the vocabulary.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dl_core.report import draw
from dl_core.tasks import masking
from dl_core.tasks.decode import shown
from dl_core.types import Answer, Claim, Data, Picture, Task, Variables

SHOWN, TOP = 6, 3  # texts, and guesses for each hidden word
DRAWN = 400  # texts of the training whose hidden places are counted


def answer(data: Data) -> Any:
  """Makes the `answer` of a task: the likeliest words for every [MASK] of a text."""

  def said(x, output, names):
    del names
    return Answer('; '.join(guesses(data, output['masked'])))

  return said


def guesses(data: Data, logits: np.ndarray) -> list[str]:
  """Returns the likeliest words of logits [K, V], with their probabilities."""
  write = data.write
  assert write, 'the data are no texts'
  found = []
  for chances in np.asarray(jax.nn.softmax(np.asarray(logits, np.float32))):
    best = np.argsort(-chances, kind='stable')[:TOP]
    words = (f'{shown(write([token])).strip()} {chances[token]:.0%}' for token in best)
    found.append(', '.join(words))
  return found


def observe(task: Task, corrupt: Any) -> Any:
  """Makes the `observe` of an experiment: guesses for hidden words of validation.

  It returns {'read' [N, T], 'true' [N, T]: tokens as read and before they were hidden;
  'places' [N, K]: the predicted ones; 'weight' [N, K]: 0 where a row has fewer;
  'best' [N, K, TOP]: the likeliest tokens}.
  """

  def look(variables, data, key):
    del key
    batch = next(iter(data.splits['validation']()))
    few = jax.tree.map(lambda leaf: leaf[:SHOWN], batch)
    hidden = jax.device_get(corrupt(jax.random.key(0), few))
    outputs = task.outputs
    assert outputs, 'its task has outputs'
    output = jax.device_get(outputs(variables, hidden.x))
    return {
      'read': hidden.x['tokens'],
      'true': few.x['tokens'],
      'places': hidden.x['places'],
      'weight': hidden.weight['masked'],
      'best': np.argsort(-output['masked'], kind='stable')[..., :TOP],
    }

  return look


def report(corrupt: Any, rate: float, marks: Mapping[str, int]) -> Any:
  """Makes the `report` of an experiment.

  Args:
    corrupt: hides tokens; see `tasks.masking`.
    rate: share of the tokens that are predicted.
    marks: see `data.passages`.
  """

  def pictures(variables: Variables, observed: Any, data: Data, key: Any):
    del variables
    steps = dict.fromkeys((min(observed), max(observed)))
    found = [
      sheet(f'Hidden words at step {step:,}', observed[step], data) for step in steps
    ]
    return [*found, statistics(corrupt, rate, marks, data, key)]

  return pictures


def sheet(title: str, seen: Mapping[str, np.ndarray], data: Data) -> Picture:
  """Makes the picture of texts with holes and the guesses for them."""
  write = data.write
  assert write, 'the data are no texts'
  one = lambda token: shown(write([token])).strip() or '·'
  lines = []
  for row in range(len(seen['read'])):
    lines.append(shown(write(seen['true'][row])).strip())
    order = np.argsort(seen['places'][row], kind='stable')
    for k in order[seen['weight'][row][order] > 0]:
      place = seen['places'][row, k]
      tried = ', '.join(map(one, seen['best'][row, k]))
      lines.append(f'  {one(seen["true"][row, place])}: {tried}')
    lines.append('')
  caption = (
    'Passages of the validation split. Below each stand the words that were '
    f'predicted, and the {TOP} likeliest guesses for each.'
  )
  return Picture(title, caption, lambda: '\n'.join(lines))


def statistics(
  corrupt: Any, rate: float, marks: Mapping[str, int], data: Data, key: Any
) -> Picture:
  """Counts what happens to the tokens that are predicted."""
  batches: list[Any] = []
  step = 0
  while sum(len(batch.x['lengths']) for batch, _ in batches) < DRAWN:
    batch = data.take(data.feed(key, step), key, step)
    batches.append((batch, corrupt(jax.random.fold_in(key, step), batch)))
    step += 1
  kinds = np.zeros(3, int)
  tokens = asked = 0
  for batch, hidden in jax.device_get(batches):
    weight = hidden.weight['masked'] > 0
    now = np.take_along_axis(hidden.x['tokens'], hidden.x['places'], 1)[weight]
    before = hidden.y['masked'][weight]
    tokens += int(batch.x['lengths'].sum())
    asked += len(now)
    masked = now == marks['mask']
    same = now == before
    kinds += [masked.sum(), (~masked & ~same).sum(), same.sum()]
  shares = kinds / asked
  names = ('[MASK]', 'a random token', 'kept')
  wanted = np.array(
    [masking.HIDDEN, masking.RANDOM, 1 - masking.HIDDEN - masking.RANDOM]
  )
  far = np.abs(shares - wanted) / np.sqrt(wanted * (1 - wanted) / asked)

  def show():
    figure, axes = draw.panel(4.6, 2.8, ylabel='share', ylim=(0, 1))
    draw.bars(axes, {'drawn': shares, 'wanted': wanted}, names)
    draw.legend(axes)
    return figure

  return Picture(
    'What the predicted tokens are replaced by',
    'Counted over pairs as they are drawn in training.',
    show,
    (
      Claim(
        f'{rate:.0%} of the tokens are predicted; of those 80 % are masked, 10 % '
        'replaced at random and 10 % kept',
        bool(abs(asked / tokens - rate) < 0.01 and far.max() < 4),
        f'{asked / tokens:.1%} of {tokens:,}; '
        + ', '.join(f'{n} {s:.1%}' for n, s in zip(names, shares, strict=True)),
      ),
    ),
  )
