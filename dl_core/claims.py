"""What pictures bear out: kept beside the report, said on the terminal."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dl_core import workdir
from dl_core.types import Claim, Picture


def write(folder: Path, pictures: Sequence[Picture]) -> None:
  """Writes claims.json, whole or not at all, if there are any."""
  found = [
    claim._replace(holds=bool(claim.holds))._asdict()
    for picture in pictures
    for claim in picture.claims
  ]
  if found:
    workdir.write_json(folder / 'claims.json', {'claims': found})


def read(folder: Path) -> list[Claim]:
  """Reads what `write` wrote; [] where that is missing or damaged."""
  return [
    Claim(**c) for c in workdir.read_json(folder / 'claims.json').get('claims', ())
  ]


def said(folder: Path) -> list[str]:
  """Returns the claims as lines for a terminal, those that do not hold in capitals."""
  return [
    f'{"holds" if claim.holds else "DOES NOT HOLD"}: {claim.sentence} '
    f'({claim.measured})'
    for claim in read(folder)
  ]


def line(folder: Path, begun: float) -> dict[str, Any]:
  """Returns the line of metrics.jsonl that is the result of a study without runs.

  Args:
    folder: its workdir.
    begun: when it began, by `time.monotonic`.
  """
  holds = [claim.holds for claim in read(folder)]
  seconds = round(time.monotonic() - begun, 3)
  return {
    'step': 0,
    'split': 'test',
    'claims': len(holds),
    'hold': sum(holds),
    'seconds': seconds,
  }
