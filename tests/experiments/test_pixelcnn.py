"""A PixelCNN on classes trains and is judged; what has no classes is refused."""

import dataclasses

import numpy as np
import pytest

from dl_core import train
from dl_core.data import images
from dl_core.launch import jobs
from dl_core.report import svg
from dl_core.types import UserError
from experiments import pixelcnn


def settings(digits_dir, **changes):
  tiny = dataclasses.replace(pixelcnn.TINY, data_dir=digits_dir, conditional=True)
  return dataclasses.replace(tiny, **changes)


def test_samples_of_each_class_are_judged_and_drawn(digits_dir):
  e = pixelcnn.build(settings(digits_dir, binarise='each_step'))
  run = train.fit(e)
  assert 0 <= run.lines[-1]['asked'] <= 1
  found = {picture.title: picture for picture in jobs.pictures(e, run)}
  assert {'Asked for every class', 'The class that was asked for'} < found.keys()
  for picture in found.values():
    assert svg.attempt(picture).failure == ''


def test_the_judge_learns_from_pixels_that_are_rounded_once(digits_dir, monkeypatch):
  given = []
  keep = lambda model, shape, levels, data, steps: given.append(data)
  monkeypatch.setattr(pixelcnn.pictures, 'generator', keep)
  pixelcnn.build(settings(digits_dir, binarise='each_step'))
  batch = next(iter(given[0].splits['test']()))
  assert set(np.unique(batch.x)) == {0, 1}


@pytest.mark.parametrize('net', ['pixelcnn', 'row_lstm', 'diagonal_bilstm'])
def test_other_networks_read_no_class(digits_dir, net):
  with pytest.raises(UserError, match=f'--net={net}, .* give --net=gated$'):
    pixelcnn.build(settings(digits_dir, net=net))


def test_images_without_labels_are_refused(digits_dir, monkeypatch):
  load = images.load

  def unlabelled(*args, **options):
    data = load(*args, **options)
    return data._replace(spec=data.spec._replace(classes=()))

  monkeypatch.setattr(images, 'load', unlabelled)
  with pytest.raises(UserError, match='--conditional was given with digits/1'):
    pixelcnn.build(settings(digits_dir))
