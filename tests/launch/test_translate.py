"""A trained model carries one's own images from one domain to the other."""

import dataclasses

import jax
import numpy as np
import pytest
from PIL import Image

from dl_core.launch import predict, translate
from dl_core.types import UserError
from experiments import cyclegan, lenet


def trained(module, monkeypatch, folder):
  """Stands in for a trained workdir: the variables that training begins with."""
  c = dataclasses.replace(module.TINY, workdir=str(folder))
  experiment = module.build(c)

  def variables(self):
    batch = experiment.data.spec.batch
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), batch)
    return jax.jit(experiment.task.init)(jax.random.key(0), zeros)

  monkeypatch.setattr(predict.Trained, 'variables', variables)
  model = predict.Trained(experiment, folder)
  monkeypatch.setattr(predict, 'trained', lambda *_: model)
  return c


def test_an_image_is_written_as_either_domain_would_show_it(
  monkeypatch, tmp_path, capsys
):
  c = trained(cyclegan, monkeypatch, tmp_path)
  path = tmp_path / 'a photo.png'
  pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
  Image.fromarray(pixels).save(path)
  assert translate.main(cyclegan, 'cyclegan', c, [str(path), str(path)]) == 0
  lines = capsys.readouterr().out.splitlines()
  for number, line in enumerate(lines, 1):
    for side in ('first', 'second'):
      made = tmp_path / 'translated' / f'{number}-a_photo-{side}.png'
      assert f'{side} in {made}' in line
      with Image.open(made) as image:
        assert (image.size, image.mode) == ((c.size, c.size), 'RGB')
  assert len(lines) == 2


def test_what_translates_no_images_says_so(monkeypatch, tmp_path):
  c = trained(lenet, monkeypatch, tmp_path)
  with pytest.raises(UserError, match=r'lenet on .* translates no images; drop'):
    translate.main(lenet, 'lenet', c, ['mine.png'])


def test_what_translates_but_does_not_classify_says_so(monkeypatch, tmp_path):
  c = trained(cyclegan, monkeypatch, tmp_path)
  monkeypatch.setattr(predict.workdir, 'read_config', lambda _: {'classes': []})
  with pytest.raises(UserError, match=r'does not classify files; use --translate$'):
    predict.main(cyclegan, 'cyclegan', c, ['mine.png'])
