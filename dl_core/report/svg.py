"""A picture of the report as a piece of HTML: a matplotlib figure, or plain text.

Text and lines left at matplotlib's default colour, black, take the colour of the page's
text, so they can be read on its light and on its dark background. Every other colour
stays as it is, and should be legible on both.
"""

import base64
import io
import re
import warnings
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
    art: an <svg>, or an <img> on a light ground where that would be too heavy; of text
      a <pre>.
    width: at natural size, CSS pixels.
    claims: the picture's.
  """

  title: str
  caption: str
  art: markupsafe.Markup
  width: float
  claims: tuple[Claim, ...] = ()


def draw(picture: Picture) -> Drawing:
  """Draws a picture; the same picture gives the same bytes."""
  import matplotlib

  style = matplotlib.rc_context(STYLE | {'svg.hashsalt': picture.title})
  with style, warnings.catch_warnings():
    # Names may be in any script: the browser has the fonts that matplotlib lacks.
    warnings.filterwarnings('ignore', 'Glyph .* missing')
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


def inline(svg: str) -> str:
  """Makes of an SVG file an element that fits among others on a page."""
  svg = svg[svg.index('<svg') :].replace(INK, 'currentColor')
  svg = re.sub(r'<defs>\s*<style.*?</style>\s*</defs>', '', svg, flags=re.DOTALL)
  svg = re.sub(r' id="[A-Za-z0-9.]+_\d+"', '', svg)  # every figure has a figure_1
  return re.sub(r' (width|height)="[\d.]+pt"', '', svg, count=2)
