"""`--dataset=imagenet2012` with its recipe, on a small set made like the stock one."""

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core import launch
from dl_core.data import images, pillow, sources
from dl_core.launch import flags
from dl_core.launch.families import photographs
from dl_core.train import log
from experiments import resnet

LABELS = (3, 500, 999)  # of 1,000; every split has each
COUNTS = {'train': 60, 'validation': 9, 'test': 6}
SMALL = ('--depth=18', '--width=0.05', '--image_size=32', '--batch_size=8')


@pytest.fixture(scope='module')
def imagenet(tmp_path_factory, encoded):
  """A data_dir that holds JPEGs of many sizes, some upright, some grey."""
  random = np.random.RandomState(0)

  def photograph(number):
    height, width = random.randint(20, 90, 2)
    coarse = random.randint(0, 256, (4, 5, 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return encoded(image.convert('L') if number % 10 == 0 else image, 'jpeg')

  class Stock(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version('5.1.0')
    name = 'imagenet2012'

    def _info(self):
      features = {
        'image': tfds.features.Image(encoding_format='jpeg'),
        'label': tfds.features.ClassLabel(names=[f'n{n:08}' for n in range(1_000)]),
        'file_name': tfds.features.Text(),
      }
      return tfds.core.DatasetInfo(
        builder=self, features=tfds.features.FeaturesDict(features)
      )

    def _split_generators(self, dl_manager):
      return {split: self._generate_examples(split) for split in COUNTS}

    def _generate_examples(self, split):
      for number in range(COUNTS[split]):
        name = f'ILSVRC2012_{split}_{number:08}.JPEG'
        label = -1 if split == 'test' else LABELS[number % 3]
        yield name, {'image': photograph(number), 'label': label, 'file_name': name}

  folder = tmp_path_factory.mktemp('imagenet')
  Stock(data_dir=folder).download_and_prepare(file_format=sources.FORMAT)
  return str(folder)


def settings(imagenet, *words):
  words = ['', '--dataset=imagenet2012', f'--data_dir={imagenet}', *SMALL, *words]
  c, rest = flags.parse(resnet.Config, resnet.RECIPES, words)
  assert not rest
  return c


def test_the_recipe_is_that_of_the_docstring(imagenet):
  c = settings(imagenet)
  assert (c.crop, c.flip, c.colour, c.smoothing) == (0.08, True, 0.1, 0.1)
  assert c.precision == 'bfloat16'
  assert c.warmup == pytest.approx(5 * photographs.IMAGES / 256, rel=1e-3)
  whole = resnet.RECIPES['imagenet2012']
  assert (whole['image_size'], whole['learning_rate']) == (224, 0.1)
  assert whole['steps'] == pytest.approx(90 * photographs.IMAGES / 256, rel=1e-3)


@pytest.fixture(scope='module', params=[2**31, 0], ids=['resident', 'streamed'])
def data(request, imagenet):
  return photographs.load(settings(imagenet, f'--resident_bytes={request.param}'))


def test_the_validation_set_is_the_test_and_labels_of_minus_1_are_not_read(
  data, everything
):
  assert data.spec.source == 'imagenet2012/5.1.0'
  assert len(data.spec.classes) == 1_000
  sizes = {split: len(everything(data, split)[1]) for split in data.splits}
  assert sizes == {'train': 54, 'validation': 6, 'test': 9}
  assert np.bincount(everything(data, 'test')[1])[list(LABELS)].tolist() == [3] * 3
  assert data.notes[-1].startswith('The validation set is 10% (at most 5,000) of the')


def test_evaluation_sees_the_middle_of_what_covers_a_larger_frame(
  imagenet, data, everything
):
  records = sources.records(
    sources.declare('imagenet2012', imagenet), 'validation', encoded=('image',)
  )
  wanted = []
  for number in range(COUNTS['validation']):
    image = pillow.decoded(pillow.File('', records[number]['image']))
    image = pillow.covering(image, (36, 36, 3))[2:-2, 2:-2] / 255
    wanted.append((image - photographs.MEAN) / photographs.DEVIATION)
  np.testing.assert_allclose(everything(data, 'test')[0], wanted, atol=1e-5)


@pytest.mark.parametrize(('crop', 'side'), [(0.08, 256), (0.0, 224)])
def test_where_parts_are_taken_224_pixels_are_of_256(crop, side, monkeypatch):
  seen = []

  def load(c, *, size, margin, **_):
    seen.append(size + 2 * margin)
    return images.absent(c, size, 3, 10)

  monkeypatch.setattr(images, 'load', load)
  photographs.load(resnet.Config(image_size=224, crop=crop))
  assert seen == [side]


def test_training_sees_another_part_of_an_image_every_time(data):
  key, take = jax.random.key(0), jax.jit(data.take)
  batches = [take(data.feed(key, step), key, step) for step in (0, 0, 1)]
  assert batches[0].x.shape == (8, 32, 32, 3)
  np.testing.assert_array_equal(batches[0].x, batches[1].x)
  assert np.abs(batches[0].x - batches[2].x).max() > 0.1
  spread = [np.std(batch.x) for batch in batches]
  assert 0.3 < min(spread) < max(spread) < 3


def test_both_ways_give_the_same_batches(imagenet):
  ways = [
    photographs.load(settings(imagenet, f'--resident_bytes={most}'))
    for most in (2**31, 0)
  ]
  key = jax.random.key(3)
  found = [jax.jit(d.take)(d.feed(key, 4), key, 4) for d in ways]
  jax.tree.map(np.testing.assert_array_equal, *found)


@pytest.mark.parametrize(
  ('steps', 'most'),
  [
    (0, 2**31),
    pytest.param(2, 2**31, marks=pytest.mark.slow),
    pytest.param(2, 0, marks=pytest.mark.slow),
  ],
  ids=['evaluated', 'resident', 'streamed'],
)
def test_the_recipe_runs_to_a_result(imagenet, steps, most, tmp_path, capsys):
  words = ['--dataset=imagenet2012', f'--data_dir={imagenet}', *SMALL]
  words += [f'--steps={steps}', f'--resident_bytes={most}', f'--workdir={tmp_path}']
  assert launch.run(resnet, 'resnet', ['', *words]) == 0
  said = capsys.readouterr().out
  assert 'resnet on imagenet2012/5.1.0' in said
  result = log.read(tmp_path / 'metrics.jsonl')[-1]
  assert (result['split'], result['step']) == ('test', steps)
  assert 0 <= result['accuracy'] <= result['top5'] <= 1
  assert result['baseline'] == {'accuracy': pytest.approx(1 / 3)}
  page = (tmp_path / 'report' / 'index.html').read_text(encoding='utf-8')
  assert 'The validation set is 10%' in page
