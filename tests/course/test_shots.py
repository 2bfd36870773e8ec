"""Pictures of README.md: cut out of reports by Chromium."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from dl_core.course import shots
from dl_core.report import compare, draw
from dl_core.types import Picture

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')


def drawn():
  figure, axes = draw.panel(3, 2)
  axes.plot([0, 1], [0, 1])
  return figure


@pytest.fixture
def run(tmp_path):
  compare.write({}, tmp_path / 'report' / 'index.html', [Picture('Line', '', drawn)])
  return tmp_path


def test_what_is_not_there_is_refused_in_a_sentence(run, tmp_path, capsys):
  out = str(tmp_path / 'out.png')
  assert shots.main([out, str(tmp_path / 'nothing')]) == 2
  assert shots.main([out, str(run), 'Curve']) == 2
  assert shots.main([out]) == 2
  said = capsys.readouterr().err.splitlines()
  assert 'has no report' in said[0]
  assert "the pictures of the report are 'Line'" in said[1]
  assert 'OUT.png WORKDIR are wanted' in said[2]


@pytest.mark.skipif(CHROMIUM is None, reason='Chromium is not installed here')
def test_a_picture_is_cut_to_its_drawing_and_small(run, tmp_path):
  out = tmp_path / 'pictures' / 'out.png'
  assert shots.main([str(out), str(run), 'Line']) == 0
  with Image.open(out) as image:
    assert 200 < image.width < 400
    assert len(image.convert('RGB').getcolors()) > 2
  assert out.stat().st_size < 30_000


def test_the_pictures_of_the_readme_exist_and_are_small():
  root = Path(__file__).parents[2]
  text = (root / 'README.md').read_text(encoding='utf-8')
  linked = re.findall(r'!\[[^]]+\]\((.*?)\)', text)
  assert len(linked) == 3
  assert sum((root / path).stat().st_size for path in linked) < 300_000
  made = re.findall(r'shots (\S+)', (root / 'Makefile').read_text(encoding='utf-8'))
  assert made == linked
