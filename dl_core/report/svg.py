"""A picture of the report as a piece of HTML: a matplotlib figure, or plain text.

Text and lines in matplotlib's default colour, black, take the colour of the page's text
and are legible on its light and on its dark background. Every other colour stays as it
is, and should be legible on both.
"""

import base64
import contextlib
import importlib
import importlib.util
import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import markupsafe

from dl_core.report.draw import COLOURS
from dl_core.types import Claim, Picture

HEAVY = 250_000  # characters; a drawing that takes more as SVG becomes a PNG
INK = '#000000'
TEXT = 900.0  # CSS pixels that text may be wide
STYLE: dict[Any, Any] = {
  'axes.prop_cycle': f"cycler('color', {list(COLOURS[:4])})",
  'axes.spines.right': False,
  'axes.spines.top': False,
  'font.size': 10,
  'image.composite_image': False,
  'legend.frameon': False,
  'savefig.bbox': 'tight',
  'savefig.transparent': True,
  'svg.fonttype': 'none',  # text stays text: it can be searched and needs no glyphs
}


class Drawing(NamedTuple):
  """A drawn picture.

  Attributes:
    title, caption: the picture's.
    art: an <svg>, or an <img> on a light ground where that would be too heavy; a <pre>
      for text.
    width: at natural size, CSS pixels.
    claims: the picture's.
    failure: why there is no art, '' where there is.
  """

  title: str
  caption: str
  art: markupsafe.Markup
  width: float
  claims: tuple[Claim, ...] = ()
  failure: str = ''


def attempt(picture: Picture) -> Drawing:
  """Draws a picture; an error in it becomes the `failure` of the drawing."""
  try:
    return draw(picture)
  except Exception as error:  # whatever a picture does must not cost the page
    reason = ' '.join(str(error).split())[:200]
    failure = ': '.join(filter(None, [type(error).__name__, reason]))
    none = markupsafe.Markup()
    return Drawing(*picture[:2], none, TEXT, picture.claims, legible(failure))


def draw(picture: Picture) -> Drawing:
  """Draws a picture; the same picture gives the same bytes on every machine."""
  with styled(picture.title):
    figure = picture.draw()
    if isinstance(figure, str):
      art = markupsafe.Markup('<pre>{}</pre>').format(figure)
      return Drawing(picture.title, picture.caption, art, TEXT, picture.claims)
    metadata = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
    figure.savefig(file := io.BytesIO(), format='svg', metadata=metadata)
    svg = file.getvalue().decode()
    width = float(re.findall(r'<svg[^>]* width="([\d.]+)pt"', svg)[0]) * 96 / 72
    art = markupsafe.Markup(inline(svg))
    if len(svg) > HEAVY:
      metadata = {'Software': None}
      figure.savefig(file := io.BytesIO(), format='png', dpi=144, metadata=metadata)
      data = base64.b64encode(file.getvalue()).decode()
      art = markupsafe.Markup(f'<img alt="" src="data:image/png;base64,{data}">')
  return Drawing(picture.title, picture.caption, art, width, picture.claims)


@contextlib.contextmanager
def styled(title: str) -> Iterator[None]:
  """Applies our style to what is drawn, and nothing of the user's matplotlibrc.

  Labels are names, some from the user's data: a `$` begins no mathematics, and what is
  no character is escaped.
  """
  matplotlib = library()
  text = importlib.import_module('matplotlib.text').Text
  set_text = text.set_text

  def set_plain(self, label):
    set_text(self, label if label is None else plain(str(label)))

  with matplotlib.rc_context(), warnings.catch_warnings():
    # Names may be in any script: the browser has the fonts that matplotlib lacks.
    warnings.filterwarnings('ignore', 'Glyph .* missing')
    warnings.filterwarnings('ignore', 'constrained_layout not applied')
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE | {'svg.hashsalt': legible(title)})
    text.set_text = set_plain
    try:
      yield
    finally:
      text.set_text = set_text


def library() -> Any:
  """Imports matplotlib whatever the settings of the user are, and leaves them to them.

  A backend of notebooks may be missing from our environment, and a matplotlibrc that is
  not UTF-8 would fail the import.
  """
  if 'matplotlib' in sys.modules:
    return sys.modules['matplotlib']
  logger = logging.getLogger('matplotlib')
  backend, level = os.environ.get('MPLBACKEND'), logger.level
  logger.setLevel(logging.CRITICAL)  # what it says of the user's file
  try:
    with _unread():
      matplotlib = importlib.import_module('matplotlib')
    with contextlib.suppress(Exception):  # for the user's own figures
      matplotlib.rcParams.update(matplotlib.rc_params())
      if backend:
        matplotlib.rcParams['backend'] = backend
    return matplotlib
  finally:
    logger.setLevel(level)


@contextlib.contextmanager
def _unread() -> Iterator[None]:
  """Keeps the user's matplotlibrc and $MPLBACKEND from being read."""
  found = importlib.util.find_spec('matplotlib')
  folder = Path(found.origin).parent if found and found.origin else Path()
  own = {'MATPLOTLIBRC': str(folder / 'mpl-data' / 'matplotlibrc'), 'MPLBACKEND': ''}
  before = {name: os.environ.get(name) for name in own}
  exists = os.path.exists
  # It looks in the working directory first; threads may be reading files there.
  os.path.exists = lambda path: path != 'matplotlibrc' and exists(path)
  os.environ.update(own)
  try:
    yield
  finally:
    os.path.exists = exists
    for name, value in before.items():
      if value is None:
        del os.environ[name]
      else:
        os.environ[name] = value


def plain(label: str) -> str:
  """Escapes the dollar signs of a label, except in matplotlib's own powers of ten."""
  label = legible(label)
  return label if r'\mathdefault' in label else re.sub(r'(?<!\\)\$', r'\\$', label)


def legible(text: str) -> str:
  r"""Escapes what is no character: 'a\udc80' becomes 'a\\udc80'."""
  return re.sub(
    '[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]',
    lambda found: found[0].encode('unicode_escape').decode(),
    text,
  )


def inline(svg: str) -> str:
  """Turns an SVG file into an element that can stand beside others on a page."""
  svg = svg[svg.index('<svg') :].replace(INK, 'currentColor')
  svg = re.sub(r'<defs>\s*<style.*?</style>\s*</defs>', '', svg, flags=re.DOTALL)
  svg = re.sub(r' id="[A-Za-z0-9.]+_\d+"', '', svg)  # every figure has a figure_1
  return re.sub(r' (width|height)="[\d.]+pt"', '', svg, count=2)
