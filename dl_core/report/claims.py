"""What pictures bear out: kept beside the report, said on the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dl_core.train import workdir
from dl_core.types import Claim, Picture


def write(folder: Path, pictures: Sequence[Picture]) -> None:
  """Writes claims.json, whole or not at all, if there are any; drops an old one."""
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


def line(folder: Path, seconds: float) -> dict[str, Any]:
  """Returns the result of a study, by its claims, as a line of metrics.jsonl.

  Args:
    folder: its workdir.
    seconds: that it took.
  """
  holds = [claim.holds for claim in read(folder)]
  return {
    'step': 0,
    'split': 'test',
    'claims': len(holds),
    'hold': sum(holds),
    'seconds': round(seconds, 3),
  }
