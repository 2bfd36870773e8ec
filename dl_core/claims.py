"""What pictures bear out: kept beside the report, said on the terminal."""

from collections.abc import Sequence
from pathlib import Path

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


def lines(folder: Path) -> list[str]:
  """Returns the claims as lines for a terminal, those that do not hold in capitals."""
  return [
    f'{"holds" if claim.holds else "DOES NOT HOLD"}: {claim.sentence} '
    f'({claim.measured})'
    for claim in read(folder)
  ]
