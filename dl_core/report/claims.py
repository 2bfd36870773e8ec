"""The claims of a drawing study: written to claims.json, printed, counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dl_core.train import workdir
from dl_core.types import Claim, Picture


def identity(sentence: str, left: Any, right: Any, tolerance: float) -> Claim:
  """Makes the claim that two sides agree and measures how far apart they are.

  Args:
    sentence: the claim; the tolerance is added to it.
    left, right: arrays that broadcast. Differences are relative for values above 1.
    tolerance: the largest difference at which two sides agree.
  """
  left, right = np.asarray(left), np.asarray(right)
  size = np.maximum(1, np.maximum(np.abs(left), np.abs(right)))
  with np.errstate(invalid='ignore'):  # NaN agrees with nothing
    most = float(np.max(np.abs(left - right) / size))
  count = f' in {size.size:,} values' if size.size > 1 else ''
  return Claim(
    f'{sentence}, to {tolerance:g}'.replace('e-0', 'e-'),
    most <= tolerance,
    f'{most:.1g} apart at most{count}',
  )


def write(folder: Path, pictures: Sequence[Picture]) -> None:
  """Writes claims.json atomically; without claims, removes the old file."""
  found = [
    claim._replace(holds=bool(claim.holds))._asdict()
    for picture in pictures
    for claim in picture.claims
  ]
  path = folder / 'claims.json'
  path.unlink(missing_ok=True)
  if found:
    workdir.write_json(path, {'claims': found})


def read(folder: Path) -> list[Claim]:
  """Returns the claims in claims.json; [] if the file is missing or damaged."""
  return [
    Claim(**c) for c in workdir.read_json(folder / 'claims.json').get('claims', ())
  ]


def said(folder: Path) -> list[str]:
  """Returns one terminal line per claim; `DOES NOT HOLD` marks a failed claim."""
  return [
    f'{"holds" if claim.holds else "DOES NOT HOLD"}: {claim.sentence} '
    f'({claim.measured})'
    for claim in read(folder)
  ]


def line(folder: Path, seconds: float) -> dict[str, Any]:
  """Returns the line of metrics.jsonl that counts the claims of a study.

  Args:
    folder: the workdir of the study.
    seconds: the time that the study took.
  """
  holds = [claim.holds for claim in read(folder)]
  return {
    'step': 0,
    'split': 'test',
    'claims': len(holds),
    'hold': sum(holds),
    'seconds': round(seconds, 3),
  }
