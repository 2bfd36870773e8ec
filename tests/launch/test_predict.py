"""Answers are printed and drawn whatever the names of files and the machine are."""

import os
import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from dl_core.launch import predict


@pytest.mark.parametrize(
  'given',
  [
    'a.png',
    'x' * 300,
    '사' * 90,
    '🦊' * 90,
    os.fsdecode(b'\xff.png'),
    'a\nb?*#%',
    '..',
    '',
  ],
)
def test_an_answer_is_drawn_for_a_file_of_any_name(tmp_path, given):
  found = predict.drawn(tmp_path, 0, given, Figure)
  assert not found.failed
  (path,) = (tmp_path / 'predicted').iterdir()
  assert found.words == f'drawn in {path}'
  assert path.read_bytes().startswith(b'\x89PNG')
  assert path.name.isprintable()


def test_an_error_in_a_drawing_costs_no_answer(tmp_path):
  found = predict.drawn(tmp_path, 0, 'a.png', lambda: 1 / 0)
  assert found == ('not drawn (ZeroDivisionError: division by zero)', True)


def test_the_settings_of_the_user_have_no_say_in_the_drawing(tmp_path):
  (tmp_path / 'matplotlibrc').write_bytes(b'figure.dpi: 1\n\xff\n')
  code = (
    'from pathlib import Path\n'
    'from dl_core.launch import predict\n'
    'def draw():\n'
    '  from matplotlib.figure import Figure\n'
    '  return Figure()\n'
    'print(predict.drawn(Path(), 0, "a.png", draw).words)'
  )
  here = [os.getcwd(), *filter(None, sys.path)]
  done = subprocess.run(
    [sys.executable, '-c', code],
    cwd=tmp_path,
    env=os.environ
    | {'MPLBACKEND': 'module://nonsense', 'PYTHONPATH': os.pathsep.join(here)},
    capture_output=True,
    text=True,
    check=True,
  )
  assert done.stdout == 'drawn in predicted/1-a.png\n'
