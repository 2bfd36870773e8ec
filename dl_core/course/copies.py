"""Reports and their pictures, copied into the folder of the page that shows them."""

import os
import shutil
from pathlib import Path
from typing import Any

from dl_core.course import pictures
from dl_core.course.evidence import Evidence


def drawn(each: Evidence, out: Path) -> list[dict[str, Any]]:
  """Copies the report of a run and its pictures; returns the pictures' parts."""
  if each.folder is None:
    return []
  place = out / Path(report(each)).parent
  copy(each.folder, out / 'reports' / each.anchor)
  found = []
  for number, art in enumerate(pictures.read(each.folder / 'report' / 'index.html')):
    part: dict[str, Any] = {'title': art.title, 'claims': art.claims, 'text': ''}
    if art.kind == 'txt':
      part['text'] = art.content.decode()
    else:
      path = place / f'{number}.{art.kind}'
      path.write_bytes(art.content)
      part |= {'src': path.relative_to(out).as_posix(), 'width': art.width}
    found.append(part)
  return found


def report(each: Evidence) -> str:
  """Returns the path of a copied report, relative to the page."""
  return f'reports/{each.anchor}/report/index.html'


def copy(folder: Path, target: Path) -> None:
  """Copies the report of a run or of a study, and those of its runs."""
  pages = [*folder.glob('report/index.html'), *folder.glob('*/report/index.html')]
  for page in pages:
    copied = target / os.path.relpath(page, folder)
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(page, copied)
