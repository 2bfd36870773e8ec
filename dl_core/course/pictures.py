"""The pictures of a report, taken out of its page as files of their own."""

import base64
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FIGURE = re.compile(
  r'<figure class="card" style="--width: (\d+)px.*?</figure>', re.DOTALL
)
INKS = """<style>svg { color: #20242b; fill: currentColor } svg text { font-family: \
system-ui, sans-serif !important } @media (prefers-color-scheme: dark) { svg { color: \
#e9e6df } }</style>"""


class Drawn(NamedTuple):
  """A picture of a report.

  Attributes:
    title: its heading.
    claims: the sentences below it.
    width: at natural size, CSS pixels.
    kind: 'svg', 'png' or 'txt'.
    content: bytes of a file of that kind.
  """

  title: str
  claims: tuple[str, ...]
  width: int
  kind: str
  content: bytes


def read(report: Path) -> list[Drawn]:
  """Returns the pictures of a report, [] where there is none or it has none."""
  try:
    page = report.read_text(encoding='utf-8', errors='replace')
  except OSError:
    return []
  return list(_found(page))


def _found(page: str) -> Iterator[Drawn]:
  for figure in FIGURE.finditer(page):
    text, width = figure[0], int(figure[1])
    title = html.unescape(re.findall('<h3>(.*?)</h3>', text, re.DOTALL)[0])
    lines = re.findall(r'<li class="(?:holds|fails)">(.*?) <small>', text, re.DOTALL)
    claims = tuple(map(html.unescape, lines))
    art = re.search(r'<div class="art"[^>]*>(.*)</div>', text, re.DOTALL)
    for kind, content in [_file(art[1])] if art else ():
      yield Drawn(title, claims, width, kind, content)


def _file(art: str) -> tuple[str, bytes]:
  """Returns the kind and the content of the file that a piece of HTML becomes."""
  if data := re.search('<img alt="" src="data:image/png;base64,([^"]+)"', art):
    return 'png', base64.b64decode(data[1])
  if '<svg' not in art:
    return 'txt', html.unescape(re.sub('<[^>]+>', '', art)).strip().encode()
  svg = art[art.index('<svg') : art.rindex('</svg>') + len('</svg>')]
  sides = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]
  head, _, rest = svg.partition('>')
  head = re.sub(r' (width|height)="[^"]*"', '', head)
  width, height = (float(side) * 96 / 72 for side in sides)  # from points to pixels
  sized = f'{head} width="{width:.0f}" height="{height:.0f}">'
  return 'svg', f'{sized}{INKS}{rest}'.encode()
