"""The plans of published networks that the docstrings show."""

import importlib
import json
import re

import pytest

from dl_core import launch, train, trees
from dl_core.launch import flags

PLANS = {  # parameters: the experiment, and words of its command
  13_890_309: ('seq2seq', '--attention=none'),
  20_515_333: ('seq2seq', '--attention=additive'),
  9_038_341: ('transformer', '--positions=learned'),
  134_485_879: ('fast_rcnn', '--trunk=vgg16'),
  136_873_389: ('faster_rcnn', '--trunk=vgg16'),
  134_362_751: ('fcn', '--form=paper'),
  31_030_658: ('unet', '--form=paper'),
  251_805_653: ('deconvnet', '--side=0'),
  47_537: ('pixelcnn', '--conditional'),
}
QUICKER = {  # which changes no count
  'seq2seq': ['--longest=2'],
  'fcn': ['--size=32'],
  'unet': ['--size=20'],
}


def documented(module):
  """Returns {number of parameters: words of the command} of a docstring's plans."""
  text = module.__doc__.replace('\\\n', ' ')
  found = re.findall(r'python -m (\S+) (.*--plan) +# ([\d,]+) parameters', text)
  return {
    int(n.replace(',', '')): words.split()
    for name, words, n in found
    if name == module.__name__
  }


@pytest.mark.parametrize('count', PLANS)
def test_a_documented_plan_has_its_number_of_parameters_and_needs_no_data(
  count, tmp_path
):
  name, part = PLANS[count]
  module = importlib.import_module(f'experiments.{name}')
  words = documented(module)[count]
  assert part in words
  where = [f'--data_dir={tmp_path / "none"}', f'--workdir={tmp_path / "run"}']
  small = ['--batch_size=1', *QUICKER.get(name, [])]
  assert launch.run(module, name, ['', *words, *where, *small]) == 0
  found = json.loads((tmp_path / 'run' / 'plan.json').read_text())
  assert found['parameters'] == count
  assert [path.name for path in tmp_path.rglob('*')] == ['run', 'plan.json']


PLAYERS = {158_416_358: 'biggan', 28_285_832: 'cyclegan', 49_306_876: 'stylegan'}


@pytest.mark.parametrize('count', PLAYERS)
def test_a_documented_plan_of_players_has_the_published_number_of_parameters(count):
  module = importlib.import_module(f'experiments.{PLAYERS[count]}')
  words = documented(module)[count]  # compiling these takes minutes
  c, _ = flags.parse(module.Config, getattr(module, 'RECIPES', {}), ['', *words])
  assert trees.size(train.shapes(module.build(c)).params) == count


DETECTORS = {  # with VGG16 and VOC's 20 classes; Faster R-CNN has two logits an anchor
  'rcnn': 134_690_729,
  'fast_rcnn': 134_690_729,
  'faster_rcnn': 137_078_239,
}


@pytest.mark.parametrize('name', DETECTORS)
def test_a_detector_of_voc_has_the_published_number_of_parameters_without_data(
  name, tmp_path
):
  module = importlib.import_module(f'experiments.{name}')
  words = ['--dataset=voc', '--trunk=vgg16', '--plan', f'--data_dir={tmp_path}']
  c, _ = flags.parse(module.Config, module.RECIPES, ['', *words])
  experiment = module.build(c)
  assert trees.size(train.shapes(experiment).params) == DETECTORS[name]
  assert experiment.data.spec.batch.x['image'].shape == (2, 600, 1_000, 3)


@pytest.mark.parametrize('name', DETECTORS)
@pytest.mark.parametrize('dataset', ['voc', 'bccd'])
def test_a_detector_is_planned_without_its_data(name, dataset, tmp_path):
  module = importlib.import_module(f'experiments.{name}')
  small = [
    *('--trunk=small', '--image_size=32,32', '--widths=4', '--halving=1', '--units=8'),
    *('--bins=2', '--regions=8', '--proposals=8', '--objects=4', '--batch_size=1'),
    *(('--before=16', '--rpn_width=4') if name == 'faster_rcnn' else ()),
    *(('--crop=8', '--context=1') if name == 'rcnn' else ()),
  ]
  where = [f'--data_dir={tmp_path / "none"}', f'--workdir={tmp_path / "run"}']
  words = [f'--dataset={dataset}', '--plan', *small, *where]
  assert launch.run(module, name, ['', *words]) == 0
  found = json.loads((tmp_path / 'run' / 'plan.json').read_text())
  assert found['parameters'] > 0
  assert [path.name for path in tmp_path.rglob('*')] == ['run', 'plan.json']
