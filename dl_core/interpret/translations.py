"""Shows what a model writes for sources, and what it attends to meanwhile.

Shapes: N examples, S tokens of a source, T of a target.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.interpret import alignment
from dl_core.report import draw
from dl_core.tasks import translation
from dl_core.tasks.decode import scored, shown
from dl_core.types import Claim, Data, Picture, Task, Variables

SHOWN = 6  # examples of a picture
MAPS = 2
FEWEST = 50  # digits, for a claim about them
SEARCHED = 100  # examples on which a beam search is compared with greedy decoding
BEAM = 4


def observe(task: Task) -> Callable[[Variables, Data, Any], dict[str, np.ndarray]]:
  """Makes the `observe` of an experiment: what it writes for validation examples.

  It returns tokens {'read': [N, S], 'true': [N, T], 'said': [N, T]}.
  """

  def look(variables, data, key):
    del key  # nothing is drawn
    x, y = translation.examples(data, 'validation', SHOWN)
    said = greedy(task, variables, data, x)
    return {'read': x['source'], 'true': y, 'said': said}

  return look


def report(
  task: Task, maps: Callable[[Variables, Any], Any] | None = None
) -> Callable[..., Sequence[Picture]]:
  """Makes the `report` of an experiment.

  Args:
    task: of `tasks.translate`.
    maps: (variables, x) -> weights [N, T, S] of each step over the tokens of the
      source; None: it has no attention.
  """

  def pictures(variables, observed, data, key):
    del key  # nothing is drawn
    steps = dict.fromkeys((min(observed), max(observed)))
    found = [
      sheet(f'It writes at step {step:,}', observed[step], data) for step in steps
    ]
    x, _ = translation.examples(data, 'test', SEARCHED)
    if maps:
      found.append(looks(variables, maps, task, data, x))
    return [*found, search(task, variables, data, x)]

  return pictures


def greedy(task: Task, variables: Variables, data: Data, x: Any) -> np.ndarray:
  """Returns the tokens [N, T] that greedy decoding writes."""
  decode, count = task.decode, data.spec.batch.y.shape[1]
  assert decode, 'the model of the task does not write'
  marks = translation.marks_of(data)
  return np.asarray(translation.written(decode, variables, x, count, marks))


def followed(
  task: Task, variables: Variables, data: Data, x: Any
) -> tuple[np.ndarray, Any]:
  """Returns what greedy decoding writes [N, T], and x with it as the target."""
  said = greedy(task, variables, data, x)
  first = np.full((len(said), 1), translation.marks_of(data).start, said.dtype)
  return said, x | {'target': np.concatenate([first, said[:, :-1]], axis=1)}


def sheet(title: str, seen: Mapping[str, np.ndarray], data: Data) -> Picture:
  """Makes the picture of sources, targets and what is written for them."""
  of = lambda name: [shown(text) for text in translation.texts(data, seen[name])]
  rows = zip(spelt(data, seen['read']), of('true'), of('said'), strict=True)
  words = '\n\n'.join(
    f'reads   {source}\nwanted  {true}\nwrites  {said}' for source, true, said in rows
  )
  caption = (
    'Examples of the validation split, from short to long, by greedy decoding: the '
    'likeliest token at each step, which is the next input.'
  )
  return Picture(title, caption, lambda: words)


def spelt(data: Data, tokens: np.ndarray) -> list[str]:
  """Returns the texts of sources [N, S]."""
  return [shown(''.join(pieces(data, row, 'source'))).strip() for row in tokens]


def pieces(data: Data, tokens: Any, side: str = 'target') -> list[str]:
  """Returns what each token of a text spells by itself."""
  spell = data.spell
  assert spell, 'the data are no texts'
  return spell(tokens, side)


def looks(
  variables: Variables,
  maps: Callable[[Variables, Any], Any],
  task: Task,
  data: Data,
  x: Any,
) -> Picture:
  """Makes the picture of attention while a model writes."""
  said, x = followed(task, variables, data, x)
  weights = np.asarray(maps(variables, x))
  seen = [
    (
      weights[n, :rows, : x['lengths'][n]],
      pieces(data, said[n, :rows]),
      pieces(data, x['source'][n, : x['lengths'][n]], 'source'),
    )
    for n, rows in enumerate(ends(said, translation.marks_of(data).stop))
  ]
  shares = [
    each for own, rows, columns in seen for each in alignment.share(own, columns, rows)
  ]
  places = np.linspace(0, len(seen) - 1, MAPS + 2).astype(int)[1:-1]

  def show():
    figure, panels = draw.panels(5.2 * MAPS, 5.6, MAPS)
    for axes, place in zip(panels, places, strict=True):
      heat(axes, *seen[place])
    return figure

  claim = Claim(
    'While a number is written, four fifths of the attention are on it and on what '
    'stands after it in the source',
    bool(shares) and np.mean(shares) >= 0.8,
    f'{np.mean(shares or [0]):.0%} over {len(shares):,} digits of {len(said)} sources',
  )
  return Picture(
    'What it attends to',
    'Each row is a token that is written, each column one that was read; the darker, '
    'the more attention it has. Every row is a new softmax over the source. A dot is '
    'the stop token.',
    show,
    (claim,) if len(shares) >= FEWEST else (),
  )


def ends(said: np.ndarray, stop: int) -> list[int]:
  """Returns the number of tokens of each text [N, T], with the stop token."""
  found = [np.flatnonzero(row == stop) for row in said]
  return [int(places[0]) + 1 if len(places) else said.shape[1] for places in found]


def heat(axes: Any, weights: np.ndarray, rows: Sequence[str], columns: Sequence[str]):
  """Draws weights [T, S] with a token beside each row and above each column."""
  axes.imshow(weights, cmap='Blues', vmin=0, vmax=1, aspect='auto')
  small = {
    'fontsize': max(4, min(8, 280 / max(len(rows), len(columns)))),
    'parse_math': False,
  }
  axes.xaxis.tick_top()
  turned = max(map(len, columns), default=0) > 2
  axes.set_xticks(
    range(len(columns)),
    [label(each) for each in columns],
    rotation=60 if turned else 0,
    ha='left' if turned else 'center',
    **small,
  )
  axes.set_yticks(range(len(rows)), [label(each) for each in rows], **small)
  axes.tick_params(length=0)


def label(piece: str) -> str:
  """Returns a token as a label: a space is shown, a mark is nothing."""
  return piece.strip() or ('␣' if piece else '·')


def search(task: Task, variables: Variables, data: Data, x: Any) -> Picture:
  """Compares greedy decoding with a beam search, by log p."""
  decode, marks = task.decode, translation.marks_of(data)
  assert decode, 'the model of the task does not write'
  count = data.spec.batch.y.shape[1]
  prompt = np.full((len(x['lengths']), 1), marks.start, np.int32)

  def log_p(width):
    said = np.asarray(translation.written(decode, variables, x, count, marks, width))
    ended = np.cumsum(said == marks.stop, axis=1) - (said == marks.stop)
    weight = (ended == 0).astype(np.float32)
    return said, np.asarray(scored(decode, variables, prompt, said, weight, x=x))

  (said, one), (found, several) = log_p(1), log_p(BEAM)
  higher = several > one + 1e-4
  place = int(np.argmax(several - one))
  reads = spelt(data, x['source'][place : place + 1])[0]
  lines = [
    f'reads   {reads}',
    f'greedy  {shown(translation.texts(data, said[place : place + 1])[0])}   '
    f'(log p {one[place]:.2f})',
    f'beam    {shown(translation.texts(data, found[place : place + 1])[0])}   '
    f'(log p {several[place]:.2f})',
  ]
  return Picture(
    'Greedy decoding is not the likeliest text',
    f'The test example of {len(one)} whose log-probability a beam search of width '
    f'{BEAM} raises most.',
    lambda: '\n'.join(lines),
    (
      Claim(
        f'A beam search of width {BEAM} finds texts that are at least as likely on '
        'average',
        bool(np.mean(several) > np.mean(one) - 1e-4),
        f'mean log p {np.mean(several):.3f} instead of {np.mean(one):.3f}; likelier '
        f'for {np.mean(higher):.0%}, less likely for '
        f'{np.mean(several < one - 1e-4):.0%} of {len(one)} test sources',
      ),
    ),
  )
