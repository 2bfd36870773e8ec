"""Makes a small PNG of a report, or of one of its pictures, by Chromium.

    python -m dl_core.course.shots OUT.png WORKDIR           # the top of the report
    python -m dl_core.course.shots OUT.png WORKDIR TITLE     # a picture of it

Run twice on one machine, it writes the same bytes; fonts differ between machines.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops

from dl_core.course import pictures
from dl_core.types import UserError

WIDTH, HEIGHT = 1240, 700  # of the window, CSS pixels
FRAME = """<!doctype html><meta charset="utf-8"><style>
  body {{ margin: 0; padding: 16px; background: #fffefb; }} img {{ display: block; }}
</style><img src="{name}" width="{width}">"""


def main(words: Sequence[str]) -> int:
  """Makes the picture that a command line names; returns the exit code."""
  try:
    if len(words) not in (2, 3):
      raise UserError(
        f'{len(words)} words were given, and OUT.png WORKDIR are wanted, perhaps with '
        'the TITLE of a picture'
      )
    make(Path(words[0]), Path(words[1]), *words[2:])
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  return 0


def make(out: Path, folder: Path, title: str = '') -> None:
  """Writes a PNG of the report of a run, or of the picture with a title.

  Raises:
    UserError: Chromium is not installed, or there is no such report or picture.
  """
  report = folder / 'report' / 'index.html'
  if not report.exists():
    raise UserError(f'{folder} has no report; name the workdir of a finished run')
  with tempfile.TemporaryDirectory() as place:
    page = report.resolve()
    if title:
      page = framed(Path(place), pictures.read(report), title)
    shot = Path(place) / 'shot.png'
    photograph(page, shot)
    with Image.open(shot) as image:
      small = trimmed(image.convert('RGB')) if title else image.convert('RGB')
      out.parent.mkdir(parents=True, exist_ok=True)
      small.quantize(96, dither=Image.Dither.NONE).save(out, optimize=True)


def framed(place: Path, found: Sequence[pictures.Drawn], title: str) -> Path:
  """Writes a page with one picture of a report alone."""
  for each in found:
    if each.title == title and each.kind != 'txt':
      name = f'picture.{each.kind}'
      (place / name).write_bytes(each.content)
      page = place / 'page.html'
      width = min(each.width, WIDTH - 32)
      page.write_text(FRAME.format(name=name, width=width), encoding='utf-8')
      return page
  titles = ', '.join(repr(each.title) for each in found if each.kind != 'txt')
  raise UserError(f'{title!r} was given, but the pictures of the report are {titles}')


def photograph(page: Path, shot: Path) -> None:
  """Writes what Chromium shows of a page. Raises UserError where it is missing."""
  chromium = shutil.which('chromium') or shutil.which('chromium-browser')
  if chromium is None:
    raise UserError('Chromium is not installed; install it, then give the same command')
  command = [
    chromium, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
    f'--window-size={WIDTH},{HEIGHT}', f'--screenshot={shot}', page.as_uri(),
  ]  # fmt: skip
  subprocess.run(command, capture_output=True, check=True, timeout=300)


def trimmed(image: Image.Image, margin: int = 16) -> Image.Image:
  """Cuts an image down to what differs from its corner, with a margin."""
  blank = Image.new('RGB', image.size, image.getpixel((0, 0)))
  box = ImageChops.difference(image, blank).getbbox() or (0, 0, *image.size)
  left, top, right, bottom = box
  return image.crop(
    (
      max(0, left - margin),
      max(0, top - margin),
      min(image.width, right + margin),
      min(image.height, bottom + margin),
    )
  )


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
