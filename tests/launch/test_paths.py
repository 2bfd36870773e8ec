"""Data and workdirs of any name: trained, resumed, used, several seeds compared."""

import io
import os
import sys

import numpy as np
import pytest
from PIL import Image

from dl_core.launch import cli
from experiments import lenet

PRINTABLE = ' a[1] %20%s#?*\'"{}{0}@:,=&amp;;<b>$HOME^|\\ '
OTHERS = 'l\nt\tc\r사과🦊' + os.fsdecode(b'\xff\xfe')


@pytest.fixture(params=[PRINTABLE, OTHERS], ids=['printable', 'others'])
def place(request, tmp_path):
  """A folder of an odd name, with a few images."""
  folder, random = tmp_path / request.param, np.random.RandomState(0)
  for split, count in {'train': 8, 'val': 4, 'test': 4}.items():
    for label in ('ant', 'bee'):
      (folder / split / label).mkdir(parents=True)
      for number in range(count):
        pixels = random.randint(0, 255, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / split / label / f'{number}.png')
  return folder


def test_a_path_may_have_any_name(place, monkeypatch):
  out = io.StringIO()  # `cli.main` makes the real one replace what it cannot write
  monkeypatch.setattr(sys, 'stdout', out)

  def run(*flags):
    argv = ['lenet', *flags]
    monkeypatch.setattr(sys, 'argv', argv)
    return cli.run(lenet, 'lenet', argv)

  workdir = place / place.name
  sizes = ('--batch_size=4', '--channels=2', '--eval_every=2', '--checkpoint_every=2')
  data = ('--dataset=folder', f'--data_dir={place}/', '--resident_bytes=0')
  train = (*data, *sizes, '--steps=4', f'--workdir={workdir}')
  assert run(*train, '--max_seconds=0.001') == 0
  assert not (workdir / 'report').exists()
  assert run(*train) == 0
  assert (workdir / 'report' / 'index.html').exists()
  assert run(f'--workdir={workdir}/', f'--predict={place}/test/ant/0.png') == 0
  assert 'ant ' in out.getvalue().splitlines()[-1]
  assert run(*data, *sizes, '--steps=2', '--seeds=2', f'--workdir={place}/n') == 0
  assert (place / 'n' / 'report' / 'index.html').exists()
