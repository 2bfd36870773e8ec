"""Pictures out of a report: what `report` draws comes back as files."""

import numpy as np

from dl_core.course import pictures
from dl_core.report import compare, draw
from dl_core.types import Claim, Picture


def line():
  figure, axes = draw.panel(3, 2)
  axes.plot([0, 1], [0, 1])
  return figure


def heavy():
  figure, axes = draw.panel(3, 2)
  axes.scatter(*np.random.default_rng(0).random((2, 4_000)))
  return figure


def test_each_kind_of_picture_comes_back_with_its_title_and_its_claims(tmp_path):
  held = Claim('a < b', True, '1 < 2')
  fails = Claim('c', False, '3')
  path = tmp_path / 'index.html'
  compare.write(
    {}, path,
    [
      Picture('Lines & more', 'caption', line, (held, fails)),
      Picture('Many', '', heavy),
      Picture('Words', '', lambda: 'x < y\nz'),
      Picture('Broken', '', lambda: 1 / 0),
    ],
  )  # fmt: skip
  svg, png, text = pictures.read(path)
  assert (svg.title, svg.claims, svg.kind) == ('Lines & more', ('a < b', 'c'), 'svg')
  assert svg.content.startswith(b'<svg')
  assert b'prefers-color-scheme' in svg.content
  assert abs(svg.width - 288) < 60
  assert (png.kind, png.content[:4]) == ('png', b'\x89PNG')
  assert (text.kind, text.content) == ('txt', b'x < y\nz')


def test_a_missing_report_has_no_pictures(tmp_path):
  assert pictures.read(tmp_path / 'index.html') == []
