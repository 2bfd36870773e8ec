"""Maps are in the reports of classifiers of images, and drawn for one's own."""

import numpy as np
import pytest
from PIL import Image

from dl_core.interpret import explained
from dl_core.launch import cli
from experiments import lenet, linear_regression, scene_classifier


def test_a_map_of_zeros_leaves_the_image_and_signs_have_colours():
  image = np.full((2, 2, 3), 0.5)
  plain = explained.overlaid(image, np.zeros((2, 2)))
  assert np.all(plain == plain[0, 0, 0])
  drawn = explained.overlaid(image, np.array([[2.0, -2], [0, 0.5]]))
  assert drawn[0, 0].argmax() == 0  # red
  assert drawn[0, 1].argmax() == 2  # blue
  np.testing.assert_array_equal(drawn[1, 0], plain[1, 0])
  assert drawn[0, 0, 0] > drawn[1, 1, 0] > plain[0, 0, 0] - 1e-9


def test_images_of_one_value_are_drawn():
  assert np.all(explained.lit(np.full((2, 3, 3, 1), 7.0)) == 0)


TINY = ('--steps=1', '--batch_size=8', '--image_size=16', '--widths=4,4', '--halving=2')


def test_ones_own_image_is_explained_and_drawn(tmp_path, clutter_dir, capsys):
  files = []
  for number in range(2):
    files.append(str(tmp_path / f'{number}.png'))
    pixels = np.full((40, 30, 3), 50 + number, np.uint8)
    Image.fromarray(pixels).save(files[-1])
  run = tmp_path / 'run'
  words = ['prog', f'--workdir={run}', f'--data_dir={clutter_dir}']
  assert cli.run(scene_classifier, 'scene_classifier', [*words, *TINY]) == 0
  capsys.readouterr()
  given = [*words, f'--explain={files[0]}', files[1]]
  assert cli.run(scene_classifier, 'scene_classifier', given) == 0
  said = capsys.readouterr().out.splitlines()[-2:]
  for number, line in enumerate(said):
    picture = run / 'explained' / f'{number + 1}-{number}.png'
    assert line.endswith(f'%; drawn in {picture}')
    assert picture.read_bytes().startswith(b'\x89PNG')


def test_a_network_without_class_activation_maps_says_why(tmp_path, digits_dir, capsys):
  path = tmp_path / 'white.png'
  Image.fromarray(np.full((8, 8), 255, np.uint8)).save(path)
  words = ['prog', f'--workdir={tmp_path / "run"}', f'--data_dir={digits_dir}']
  tiny = ('--steps=1', '--batch_size=8', '--channels=1')
  assert cli.run(lenet, 'lenet', [*words, *tiny]) == 0
  assert cli.run(lenet, 'lenet', [*words, f'--explain={path}']) == 0
  said = capsys.readouterr().out.splitlines()[-1]
  assert 'output of LeNet reads no mean over the places of a map; drawn in' in said


def test_what_classifies_no_images_refuses_to_explain(tmp_path, capsys):
  words = ['prog', f'--workdir={tmp_path / "run"}']
  assert cli.run(linear_regression, 'linear_regression', [*words, '--steps=1']) == 0
  given = [*words, '--explain=a.png']
  assert cli.run(linear_regression, 'linear_regression', given) == 2
  assert 'classifies no images; drop --explain' in capsys.readouterr().err


@pytest.mark.parametrize('refused', ['', 'a reason'])
def test_a_report_says_why_a_map_is_not_shown(monkeypatch, refused):
  import types

  found = explained.Evidence({explained.SALIENCY: np.ones((2, 4, 4))}, refused)
  monkeypatch.setattr(explained, 'evidence', lambda *_: found)
  task = types.SimpleNamespace(outputs=lambda variables, x: x[:, 0, :2, 0])
  batch = types.SimpleNamespace(x=np.ones((2, 4, 4, 1), np.float32))
  data = types.SimpleNamespace(
    splits={'test': lambda: [batch]}, spec=types.SimpleNamespace(classes=('a', 'b'))
  )
  (picture,) = explained.report(task, None)({}, {}, data, None)
  assert ('Not shown: a reason.' in picture.caption) == bool(refused)
  batch.x = np.ones((2, 4), np.float32)
  assert explained.report(task, None)({}, {}, data, None) == []
