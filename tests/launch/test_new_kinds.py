"""New kinds of learning problems need a model, a task and data, and nothing else.

Each is written here as a user would write it, and run by the command line: trained,
tested, reported, resumed, and used by `--predict`.
"""

import dataclasses
import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import config, launch, metrics, tasks
from dl_core.data import augment, batches
from dl_core.launch import cli
from dl_core.tasks import measures
from dl_core.train import log
from dl_core.types import Answer, Batch, Spec, Task, UserError

SIDE, MOST = 12, 2  # pixels, objects in an image
shape = jax.ShapeDtypeStruct


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  steps: int = 120
  batch_size: int = 16
  eval_every: int = 60
  learning_rate: float = 0.02


def made(c, task, data):
  return launch.Experiment(
    config=c, task=task, optimizers=(optax.adam(c.learning_rate),), data=data
  )


# Detection: up to two bright boxes, padded; coordinates stay outside of the model.


class Boxes(nn.Module):
  def setup(self):
    self.layer, self.head = nn.Dense(32), nn.Dense(MOST * 4)

  def __call__(self, image, *, train):
    return self.place(self.features(image, train=train), train=train)

  def features(self, image, *, train):
    return nn.relu(self.layer(image.reshape(len(image), -1)))

  def place(self, features, *, train):
    return self.head(features).reshape(-1, MOST, 4)


def squares(split):
  random = np.random.default_rng(len(split))
  images, boxes = np.zeros((64, SIDE, SIDE, 1), np.float32), []
  for image in images:
    top, left = random.integers(0, SIDE - 4, 2)
    image[top : top + 4, left : left + 4] = 1
    boxes.append([[left, top, left + 4, top + 4], [-1, -1, -1, -1]])
  weight = np.array([[1, 0]] * 64, np.float32)  # the second is padding
  return images, np.array(boxes, np.float32), weight


def detection(c):
  model = Boxes()

  def found(params, x, key=None):
    features, _ = tasks.apply(model, params, {}, x, key=key, method='features')
    shifts, _ = tasks.apply(model, params, {}, features, key=key, method='place')
    return SIDE / 2 + shifts

  def judged(params, batch, key=None):
    error = jnp.abs(found(params, batch.x, key) - batch.y).mean(axis=-1)
    return {'loss': metrics.weighted(error, batch.weight)}

  def loss(params, extra, batch, key):
    sums = judged(params, batch, key)
    return sums['loss'][0] / sums['loss'][1], (extra, sums)

  task = Task(
    init=lambda key, batch: model.init(key, batch.x, train=False),
    losses=(loss,),
    metrics=lambda variables, batch, key: judged(variables['params'], batch),
    outputs=lambda variables, x: found(variables['params'], x),
    answer=lambda x, boxes, classes: Answer(f'box at {np.round(boxes[0]).tolist()}'),
  )
  spec = Batch(
    shape((c.batch_size, SIDE, SIDE, 1), np.float32),
    shape((c.batch_size, MOST, 4), np.float32),
    shape((c.batch_size, MOST), np.float32),
  )
  turned = augment.on_x(lambda key, x: x + 0.01 * jax.random.normal(key, x.shape))
  data = batches.resident(
    Spec(spec, 'squares/1'),
    squares,
    augment=turned,
    read=lambda path: squares(path)[0][0],
  )
  return made(c, task, data)


# Tagging: several labels at once, with a score for each that is averaged over labels.


class Tags(nn.Module):
  @nn.compact
  def __call__(self, x, *, train):
    return nn.Dense(3)(x)


def signs(split):
  x = np.random.default_rng(len(split)).normal(size=(64, 3)).astype(np.float32)
  return x, (x > 0).astype(np.float32)


def tagging(c):
  metrics.declare('recall', fraction=True)

  def judge(logits, batch):
    each = measures.binary_cross_entropy(logits, batch.y)
    hits = (logits > 0) * batch.y * batch.weight[:, None]
    wanted = batch.y * batch.weight[:, None]
    return {
      'loss': metrics.weighted(each.mean(axis=1), batch.weight),
      'recall': (jnp.sum(hits, axis=0), jnp.sum(wanted, axis=0)),
    }

  def answer(x, logits, classes):
    return Answer(' '.join(n for n, s in zip(classes, logits, strict=True) if s > 0))

  def read(text):
    try:
      return np.array([float(word) for word in text.split(',')], np.float32)
    except ValueError:
      raise UserError(
        f'{text} was given, three numbers are wanted; write 1,2,3'
      ) from None

  spec = Batch(*(shape((c.batch_size, *rest), np.float32) for rest in ((3,), (3,), ())))
  data = batches.resident(Spec(spec, 'signs/1', ('a', 'b', 'c')), signs, read=read)
  return made(c, tasks.judged(Tags(), judge)._replace(answer=answer), data)


# Contrast: no labels; two views of one example are each other's label.


class Views(nn.Module):
  @nn.compact
  def __call__(self, x, *, train):
    z = nn.Dense(8)(x.reshape(-1, x.shape[-1]))
    return (z / (1e-3 + jnp.linalg.norm(z, axis=-1, keepdims=True))).reshape(
      *x.shape[:-1], 8
    )


def contrast(c):
  def corrupt(key, batch):
    noise = 0.1 * jax.random.normal(key, (2, *batch.x.shape))
    return batch._replace(x=jnp.moveaxis(batch.x[None] + noise, 0, 1))

  def judge(z, batch):
    scores = 10 * z[:, 0] @ z[:, 1].T
    own = jnp.arange(len(scores))
    loss = measures.cross_entropy(scores, own)
    right = measures.accuracy(scores, own)
    return {
      'loss': metrics.weighted(loss, batch.weight),
      'accuracy': metrics.weighted(right, batch.weight),
    }

  spec = Batch(
    shape((c.batch_size, 3), np.float32),
    shape((c.batch_size, 3), np.float32),
    shape((c.batch_size,), np.float32),
  )
  task = tasks.corrupted(tasks.judged(Views(), judge), corrupt)
  return made(c, task, batches.resident(Spec(spec, 'signs/1'), signs))


KINDS = {
  'detection': (detection, 'loss', lambda first, last: last < first / 2, 'train'),
  'tagging': (tagging, 'recall', lambda first, last: last > 0.9 > first, '1,-1,2'),
  'contrast': (contrast, 'accuracy', lambda first, last: last > max(first, 0.4), ''),
}
SAID = {'detection': 'box at [', 'tagging': '1,-1,2: a c'}


@pytest.mark.parametrize('kind', KINDS)
def test_a_new_kind_trains_resumes_and_answers(kind, tmp_path, capsys, monkeypatch):
  monkeypatch.chdir(tmp_path)
  build, name, better, given = KINDS[kind]
  module = types.ModuleType(f'experiments.{kind}', 'A kind of its own.')
  module.Config, module.build = Config, build
  call = lambda *words: cli.run(module, kind, ['prog', '--workdir=run', *words])
  assert call('--max_seconds=0.001') == 0  # saved at the first chance
  assert 'saved; to go on' in capsys.readouterr().out
  assert call() == 0
  lines = log.read(tmp_path / 'run' / 'metrics.jsonl')
  seen = [line[name] for line in lines if line['split'] == 'validation']
  assert better(seen[0], seen[-1])
  assert [line['split'] for line in lines].count('test') == 1
  page = (tmp_path / 'run' / 'report' / 'index.html').read_text('utf-8')
  assert name in page
  if given:
    capsys.readouterr()
    assert call(f'--predict={given}') == 0
    assert SAID[kind] in capsys.readouterr().out
