"""Answers are printed and drawn whatever the names of files and the machine are."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dl_core.launch import cli, predict
from experiments import fcn


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


def test_a_mask_is_the_answer_to_an_image_in_words_and_drawn(
  tmp_path, digits_dir, capsys
):
  Image.fromarray(np.full((64, 96), 255, np.uint8)).save(tmp_path / 'white.png')
  run = tmp_path / 'run'
  words = ['prog', f'--workdir={run}', f'--data_dir={digits_dir}']
  tiny = ('--steps=1', '--batch_size=8', '--dataset=digits', '--size=32', '--width=2')
  assert cli.run(fcn, 'fcn', [*words, *tiny]) == 0
  capsys.readouterr()
  given = f'--predict={tmp_path / "white.png"}'
  assert cli.run(fcn, 'fcn', [*words, given]) == 0
  (said,) = capsys.readouterr().out.splitlines()[-1:]
  picture = run / 'predicted' / '1-white.png'
  assert said.endswith(f'; drawn in {picture}')
  shares = re.findall(r'(\S+) ([\d.]+)%', said)
  assert {name for name, _ in shares} <= {'background', *map(str, range(10))}
  assert sum(float(share) for _, share in shares) == pytest.approx(100, abs=0.5)
  mask = run / 'predicted' / '1-white-mask.png'
  assert f'; mask in {mask}; ' in said
  numbers = np.asarray(Image.open(mask))
  assert numbers.shape == (64, 96)
  assert len(np.unique(numbers)) == len(shares)
  assert picture.read_bytes().startswith(b'\x89PNG')


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
