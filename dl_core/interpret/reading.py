"""Shows how a classifier of sentences reads: what it says after each part, and why.

Shapes: N sentences, T tokens of the longest, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.data import stream
from dl_core.interpret import classification
from dl_core.report import draw
from dl_core.types import Array, Batch, Claim, Data, Picture, Task, Variables

SHOWN = 12  # sentences
MOST = 512  # sentences of which parts are read
SHARES = (0.25, 0.5, 0.75, 1.0)  # of a sentence

Weigh = Callable[[Variables, Any], Array]  # (variables, x) -> weights [N, T]


def report(
  task: Task, weigh: Weigh | None = None, shares: bool = True
) -> interpret.Report:
  """Makes the report of a classifier of sentences.

  It shows the confusion matrix, the accuracy after each share of a sentence, sentences
  with the answers, and if there are any the weights of attention on their tokens.

  Args:
    task: its outputs are logits [N, K] of {tokens [N, T], lengths [N]}.
    weigh: the weights that the model pools with; None: it has none.
    shares: whether a sentence may end after any of its tokens.
  """
  matrix = classification.report(task)
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    said = jax.jit(lambda x: jax.nn.softmax(outputs(variables, x).astype(jnp.float32)))
    few = some(data, SHOWN)
    found = [*matrix(variables, observed, data, key)]
    if shares:
      found.append(heard(said, some(data, MOST)))
    if weigh is not None:
      weights = np.asarray(weigh(variables, few.x))
      found.append(attended(few, weights, np.asarray(said(few.x)), data))
    return [*found, answered(few, np.asarray(said(few.x)), data)]

  return pictures


def some(data: Data, count: int) -> Batch:
  """Returns up to `count` sentences of the test split, spread over all lengths."""
  real = [stream.at(batch, batch.weight > 0) for batch in data.splits['test']()]
  whole = jax.tree.map(lambda *leaves: np.concatenate(leaves), *real)
  places = np.unique(np.linspace(0, len(whole.y) - 1, count).astype(int))
  return stream.at(whole, places)


def heard(said: Callable[[Any], Array], batch: Batch) -> Picture:
  """Shows the accuracy after each share of a sentence is read."""
  lengths, accuracy = batch.x['lengths'], []
  for share in SHARES:
    part = np.maximum(1, np.ceil(share * lengths)).astype(lengths.dtype)
    answer = np.asarray(said(batch.x | {'lengths': part})).argmax(axis=-1)
    accuracy.append(float(np.mean(answer == batch.y)))

  def figure():
    made, axes = draw.panel(
      5.5, 3.2, xlabel='share of the sentence that was read', ylabel='accuracy',
      xticks=SHARES, ylim=(0, 1),
    )  # fmt: skip
    axes.plot(SHARES, accuracy, marker='o', color=draw.BLUE)
    return made

  shown = ', '.join(f'{value:.1%}' for value in accuracy)
  return Picture(
    'The answer comes at the end',
    f'Accuracy on {len(batch.y):,} sentences of the test split, cut after a quarter, a '
    'half, three quarters and not at all: the network reads one token after another, '
    'and one vector must hold all that it has read.',
    figure,
    (
      Claim(
        'A whole sentence says more than a quarter of it',
        accuracy[-1] > accuracy[0],
        f'{shown} after 25, 50, 75 and 100 % of the tokens',
      ),
    ),
  )


def pieces(row: np.ndarray, length: int, data: Data) -> list[str]:
  """Returns the text of each of the first tokens of a sentence."""
  write = data.write
  assert write, 'the tokens of the data have no text'
  return [write([token]) for token in row[:length]]


def attended(
  batch: Batch, weights: np.ndarray, chances: np.ndarray, data: Data
) -> Picture:
  """Shows the weights of attention [N, T] behind the tokens of each sentence."""
  names, answers = data.spec.classes, chances.argmax(axis=-1)
  tokens, lengths = batch.x['tokens'], batch.x['lengths']

  def figure():
    made, axes = draw.panel(9, 0.34 * len(tokens) + 0.3)
    axes.set(xlim=(0, 100), ylim=(len(tokens), 0))
    axes.axis('off')
    for row, words in enumerate(tokens):
      texts = pieces(words, lengths[row], data)
      right = answers[row] == batch.y[row]
      wrong = '' if right else f' (it is {names[batch.y[row]]})'
      axes.text(
        0, row + 0.5, f'{names[answers[row]]}{wrong}', va='center', fontsize=8,
        parse_math=False, color=draw.GREEN if right else draw.ORANGE,
      )  # fmt: skip
      strip(axes, texts, weights[row, : len(texts)], row, 22)
    return made

  top = weights.max(axis=1)
  return Picture(
    'Where attention reads',
    'Tokens of the test split; the darker the ground, the greater the weight of what '
    'the network says there. Before each sentence stands the answer, in orange where '
    'it is wrong.',
    figure,
    (
      Claim(
        'Attention prefers some tokens to others',
        bool(np.mean(top * lengths) > 1.5),
        f'the greatest weight is {np.mean(top * lengths):.1f} times the mean one',
      ),
    ),
  )


def strip(
  axes: Any, texts: Sequence[str], weights: np.ndarray, row: int, start: float
) -> None:
  """Draws tokens side by side, each on a ground as dark as its weight."""
  at, most = start, max(float(weights.max()), 1e-9)
  for text, weight in zip(texts, weights, strict=True):
    width = 0.62 * len(text) + 0.5
    if at + width > 100:
      axes.text(at, row + 0.5, '…', va='center', fontsize=8)
      return
    shade = 0.75 * float(weight) / most
    axes.barh(row + 0.5, width, 0.8, at, color=draw.BLUE, alpha=shade, linewidth=0)
    axes.text(
      at + 0.25, row + 0.5, text.strip() or text, va='center', fontsize=8,
      family='monospace', parse_math=False,
    )  # fmt: skip
    at += width


def answered(batch: Batch, chances: np.ndarray, data: Data) -> Picture:
  """Lists sentences with what the network says of them, and what is so."""
  names, write = data.spec.classes, data.write
  assert write, 'the tokens of the data have no text'
  lines = []
  for row, chance in enumerate(chances):
    text = write(batch.x['tokens'][row][: batch.x['lengths'][row]]).strip()
    best, true = int(chance.argmax()), int(batch.y[row])
    verdict = '' if best == true else f', but it is {names[true]} ({chance[true]:.0%})'
    lines.append(f'“{text}”\n    {names[best]} {chance[best]:.0%}{verdict}')
  return Picture(
    'What it says of a few',
    'Sentences of the test split from the shortest to the longest, with the likeliest '
    'class and its probability.',
    lambda: '\n'.join(lines),
  )
