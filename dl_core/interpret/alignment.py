"""Whether attention is where it should be, seen on numbers: they stay as they are.

A number of a source that is written again, and that is there only once on each side,
belongs to the place where it is read. Its field reaches from its first digit to the
next number: what follows it, such as a unit or a separator, says which number it is.

Shapes: T tokens of a target, S of a source.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np


def share(
  weights: np.ndarray, source: Sequence[str], target: Sequence[str]
) -> list[float]:
  """Returns for each digit of such numbers how much attention is on the number's field.

  Args:
    weights: [T, S] of the steps that write each token of the target.
    source, target: what their tokens spell.
  """
  read, said = numbers(source), numbers(target)
  starts = [*sorted(start for start, _ in read.values()), len(source)]
  found = []
  for value in read.keys() & said.keys():
    first = read[value][0]
    after = starts[starts.index(first) + 1]
    for row in range(*said[value]):
      found.append(float(weights[row, first:after].sum()))
  return found


def numbers(pieces: Sequence[str]) -> Mapping[int, tuple[int, int]]:
  """Returns {number: (its first place, the place after it)} of those seen once."""
  found: dict[int, tuple[int, int]] = {}
  seen: Counter[int] = Counter()
  start = None
  for place, piece in enumerate([*pieces, '']):
    digit = piece.strip().isdecimal()
    if digit and start is None:
      start = place
    if not digit and start is not None:
      value = int(''.join(each.strip() for each in pieces[start:place]))
      seen[value] += 1
      found[value] = (start, place)
      start = None
  return {value: ends for value, ends in found.items() if seen[value] == 1}
