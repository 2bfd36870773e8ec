"""The whole detector in torchvision: its proposal network and its heads, our weights.

Losses agree where nothing is sampled away, for both draw their samples otherwise; in
evaluation proposals and detections agree box for box. torchvision's compiled operators
may be absent, so suppression and pooling are loops, written from Caffe's kernels.
"""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import boxes
from dl_core.models import backbones, rcnn
from dl_core.tasks import average_precision, detection, judging, proposals
from dl_core.types import Batch
from tests.layers.test_boxes import greedy
from tests.layers.test_regions import loops
from tests.parity import vision

try:
  import torch
  from torch import nn

  torchvision = vision.torchvision()
except ImportError as error:
  pytest.skip(f'needs PyTorch and torchvision: {error}', allow_module_level=True)

from torchvision.models.detection import _utils, image_list, roi_heads, rpn

STRIDE, SIDE, BINS, CLASSES, ANCHORS = 8, 48, 3, 4, 4
SIZES, RATIOS = (12, 24), (0.5, 1.5)
ALL = 1_000  # more than there are anchors or regions


@pytest.fixture(scope='module', autouse=True)
def _suppression():
  def nms(given, scores, most):
    order = scores.argsort(descending=True, stable=True)
    kept = greedy(given[order].numpy(), np.ones(len(given), bool), most)
    return order[torch.tensor(kept)]

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(torchvision.ops.boxes, 'nms', nms)
    yield


@pytest.fixture(scope='module')
def ours():
  random = np.random.RandomState(0)
  model = rcnn.RCNN(
    CLASSES, backbones.SmallTrunk((8, 8, 12), 3), backbones.SmallHead(16), BINS,
    rcnn.Proposer(12, ANCHORS),
  )  # fmt: skip
  system = detection.System(
    model,
    STRIDE,
    judging.Judging(sampled=ALL, beta=1 / 9, score=0.1, overlap=0.5),
    proposals.Proposing(
      STRIDE, SIZES, RATIOS, sampled=ALL, before=ALL, kept=ALL, tested=ALL,
      border=True, positive=0.5,
    ),
  )  # fmt: skip
  low = random.uniform(0, 28, (3, 4, 2))
  x = {
    'image': random.standard_normal((3, SIDE, SIDE, 3)).astype(np.float32),
    'extent': np.full((3, 2), SIDE, np.float32),
  }
  y = {
    'boxes': np.concatenate([low, low + random.uniform(6, 20, low.shape)], -1),
    'labels': random.randint(0, CLASSES - 1, (3, 4)).astype(np.int32),
  }
  y['boxes'] = y['boxes'].astype(np.float32)
  weight = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], np.float32)
  batch = Batch(x, y, {'image': np.ones(3, np.float32), 'boxes': weight})
  task = detection.detection(system)
  variables = task.init(jax.random.key(0), batch)
  # As it begins all scores are nearly equal: make what it says matter.
  grow = lambda path, leaf: leaf * (20 if path[0].key in HEADS else 1)
  params = jax.tree_util.tree_map_with_path(grow, variables['params'])
  variables = {**variables, 'params': params}
  maps = model.apply(variables, x['image'], train=False, method='maps')
  return types.SimpleNamespace(
    task=task, system=system, batch=batch, variables=variables, params=params,
    maps=np.array(maps),
  )  # fmt: skip


HEADS = ('output', 'boxes', 'proposer')


def tensor(values):
  return torch.tensor(np.array(values))


def convolution(layer):
  kernel = np.asarray(layer['kernel'])
  found = nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[0], padding='same')
  found.weight.data = tensor(kernel.transpose(3, 2, 0, 1))
  found.bias.data = tensor(layer['bias'])
  return found


def dense(layer):
  return tensor(np.asarray(layer['kernel']).T), tensor(layer['bias'])


class Head(nn.Module):
  def __init__(self, params):
    super().__init__()
    self.layers = nn.ModuleDict({name: convolution(params[name]) for name in params})

  def forward(self, features):
    (x,) = features
    x = torch.relu(self.layers['convolution'](x))
    return [self.layers['objects'](x)], [self.layers['boxes'](x)]


class Anchors(nn.Module):
  def forward(self, images, features):
    rows, columns = features[0].shape[-2:]
    found = tensor(boxes.anchors(rows, columns, STRIDE, SIZES, RATIOS))
    return [found] * len(images.tensors)

  def num_anchors_per_location(self):
    return [ANCHORS]


@pytest.fixture(scope='module')
def theirs(ours):
  params = ours.params

  def pool(features, given, shapes):
    del shapes
    (maps,) = features.values()
    found = [
      loops(one.permute(1, 2, 0).numpy(), own.numpy(), STRIDE, BINS)[0]
      for one, own in zip(maps, given, strict=True)
    ]
    return tensor(np.concatenate(found))

  def head(x):
    x = x.reshape(len(x), -1)
    for name in ('dense_1', 'dense_2'):
      x = torch.relu(nn.functional.linear(x, *dense(params[name])))
    return x

  def predictor(x):
    one = lambda name: nn.functional.linear(x, *dense(params[name]))
    return one('output'), one('boxes')

  settings = ours.system.proposing
  counts = {'training': ALL, 'testing': ALL}
  first = rpn.RegionProposalNetwork(
    Anchors(), Head(params['proposer']), settings.positive, settings.negative, 2 * ALL,
    0.5, counts, counts, settings.overlap,
  )  # fmt: skip
  first.min_size = settings.smallest
  own = ours.system.judging
  second = roi_heads.RoIHeads(
    pool, head, predictor, own.least, own.least, ALL, own.share, (10, 10, 5, 5),
    own.score, own.overlap, own.most,
  )  # fmt: skip
  images = image_list.ImageList(
    tensor(ours.batch.x['image']).permute(0, 3, 1, 2), [(SIDE, SIDE)] * 3
  )
  features = {'0': tensor(ours.maps).permute(0, 3, 1, 2)}
  real = ours.batch.weight['boxes'] > 0
  targets = [
    {'boxes': tensor(corners[there]), 'labels': tensor(labels[there]).long() + 1}
    for corners, labels, there in zip(
      ours.batch.y['boxes'], ours.batch.y['labels'], real, strict=True
    )
  ]

  def run(train):
    first.train(train)
    second.train(train)
    with torch.no_grad():
      given, losses = first(images, features, targets if train else None)
      found, more = second(
        features, given, images.image_sizes, targets if train else None
      )
    return given, found, {**losses, **more}

  return run


def test_the_four_losses_are_torchvisions(ours, theirs):
  wanted = theirs(True)[2]
  sums = ours.task.metrics(ours.variables, ours.batch, jax.random.key(0))
  for name, other in (
    ('anchor_loss', 'loss_objectness'),
    ('anchor_box_loss', 'loss_rpn_box_reg'),
    ('class_loss', 'loss_classifier'),
    ('box_loss', 'loss_box_reg'),
  ):
    total, weight = sums[name]
    assert wanted[other] > 0
    np.testing.assert_allclose(total / weight, wanted[other], rtol=1e-5, err_msg=name)


def test_proposals_are_torchvisions_box_for_box(ours, theirs):
  found = detection.regions_of(ours.system)(ours.variables, ours.batch.x)
  for boxes_of, real, wanted in zip(
    found.boxes, found.real, theirs(False)[0], strict=True
  ):
    assert len(wanted) > 20
    np.testing.assert_allclose(boxes_of[real], wanted, atol=1e-3)


def test_detections_are_torchvisions_box_for_box(ours, theirs):
  found = ours.task.outputs(ours.variables, ours.batch.x)
  wanted = theirs(False)[1]
  assert sum(len(each['boxes']) for each in wanted) > 20
  for n, each in enumerate(wanted):
    there = np.asarray(found.scores[n]) > 0
    np.testing.assert_allclose(found.scores[n][there], each['scores'], atol=1e-5)
    np.testing.assert_allclose(found.boxes[n][there], each['boxes'], atol=1e-3)
    np.testing.assert_array_equal(found.labels[n][there] + 1, each['labels'])


def test_changes_and_overlaps_of_boxes_are_torchvisions():
  random = np.random.RandomState(1)
  low = random.uniform(0, 60, (2, 50, 2))
  a, b = np.concatenate([low, low + random.uniform(1, 40, low.shape)], -1).astype('f')
  coder = _utils.BoxCoder((10, 10, 5, 5))
  change = boxes.encode(a, b, (0.1, 0.1, 0.2, 0.2))
  wanted = coder.encode_single(tensor(b), tensor(a))
  np.testing.assert_allclose(change, wanted, atol=2e-5)
  huge = jnp.asarray(random.standard_normal((50, 4)) * 20, jnp.float32)
  np.testing.assert_allclose(
    boxes.decode(a, huge, (0.1, 0.1, 0.2, 0.2)),
    coder.decode_single(tensor(huge), tensor(a)),
    rtol=1e-4, atol=1e-2,
  )  # fmt: skip
  np.testing.assert_allclose(
    boxes.overlap(a, b), torchvision.ops.box_iou(tensor(a), tensor(b)), atol=1e-6
  )


def test_average_precision_is_that_of_pycocotools():
  coco = pytest.importorskip('pycocotools.coco')
  cocoeval = pytest.importorskip('pycocotools.cocoeval')
  random = np.random.RandomState(2)
  images = []
  for _ in range(30):
    count, low = random.randint(0, 6), random.uniform(0, 60, (6, 2))
    objects = np.hstack([low, low + random.uniform(8, 40, (6, 2))])[:count]
    moved = np.repeat(objects, 3, axis=0) + random.normal(0, 3, (3 * count, 4))
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    classes = random.randint(0, 3, count)
    labels = np.where(random.uniform(size=3 * count) < 0.8, np.repeat(classes, 3), 0)
    images.append(
      average_precision.Image(
        moved, labels, random.uniform(size=3 * count), objects, classes,
        np.zeros(count, bool),
      )
    )  # fmt: skip
  square = lambda box: [box[0], box[1], box[2] - box[0], box[3] - box[1]]
  truth, said = [], []
  for n, image in enumerate(images):
    for box, label in zip(image.objects, image.classes, strict=True):
      own = {'id': len(truth) + 1, 'image_id': n, 'category_id': int(label)}
      area = float((box[2] - box[0]) * (box[3] - box[1]))
      truth.append(own | {'bbox': square(box), 'area': area, 'iscrowd': 0})
    for box, label, score in zip(image.boxes, image.labels, image.scores, strict=True):
      own = {'image_id': n, 'category_id': int(label), 'score': float(score)}
      said.append(own | {'bbox': square(box)})
  whole = coco.COCO()
  whole.dataset = {
    'images': [{'id': n} for n in range(30)],
    'categories': [{'id': k} for k in range(3)],
    'annotations': truth,
  }
  whole.createIndex()
  judge = cocoeval.COCOeval(whole, whole.loadRes(said), 'bbox')
  judge.evaluate()
  judge.accumulate()
  precision = judge.eval['precision'][:, :, :, 0, -1]  # [thresholds, recalls, K]
  for number, least in enumerate(average_precision.COCO):
    found = average_precision.by_class(images, 3, least, 'coco')
    np.testing.assert_allclose(found, precision[number].mean(axis=0), atol=1e-9)
