"""Networks under noise, and the claims about them."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks
from dl_core.launch import studies
from dl_core.lessons.convolutions import noise, robustness
from dl_core.models import mlp
from dl_core.types import Batch
from experiments import lenet_noise
from tests import finish

GAUSSIAN, MIXED = noise.NOISES


def found(lenet, mlp, lenet_noise, mlp_noise):
  """Accuracies without noise, with a little, with much, and with salt and pepper."""
  given = {
    'lenet': lenet, 'mlp': mlp, 'lenet_noise': lenet_noise, 'mlp_noise': mlp_noise
  }  # fmt: skip
  tried = {kind: each.tried for kind, each in noise.NOISES.items()}
  accuracy = {
    kind: {
      name: np.full((len(tried[kind]), 2), right[0]) for name, right in given.items()
    }
    for kind in tried
  }
  for name, (_, little, much, mixed) in given.items():
    accuracy[GAUSSIAN][name][tried[GAUSSIAN].index(noise.LITTLE)] = little
    accuracy[GAUSSIAN][name][tried[GAUSSIAN].index(noise.MUCH)] = much
    accuracy[MIXED][name][tried[MIXED].index(noise.SPRINKLED)] = mixed
  said = {k: dict.fromkeys(given, np.zeros(len(t), int)) for k, t in tried.items()}
  examples = {kind: np.zeros((len(t), 4, 4)) for kind, t in tried.items()}
  return noise.Found(accuracy, examples, said, '01')


MLP, NOISY = (0.97, 0.97, 0.92, 0.8), (0.97, 0.97, 0.94, 0.9)


def test_claims_hold_for_a_lenet_that_learns_to_be_robust_and_for_no_other():
  as_measured = found((0.99, 0.985, 0.8, 0.7), MLP, (0.985, 0.985, 0.98, 0.95), NOISY)
  pictures = robustness.pictures(as_measured)
  assert list(finish.held(pictures).values()) == [True] * 5
  assert all(picture.draw().axes for picture in pictures)
  other = found((0.99, 0.96, 0.95, 0.94), MLP, (0.97, 0.9, 0.93, 0.9), NOISY)
  assert not any(finish.held(robustness.pictures(other)).values())


def test_noise_has_the_given_deviation_or_share():
  images, key = jnp.full((4, 64, 64, 1), 0.5), jax.random.key(0)
  added = noise.gaussian(key, images, 0.3) - images
  np.testing.assert_allclose(added.std(), 0.3, rtol=0.03)
  mixed = np.asarray(noise.salt_and_pepper(key, images, 0.4))
  shares = [(mixed == value).mean() for value in (0, 0.5, 1)]
  np.testing.assert_allclose(shares, [0.2, 0.6, 0.2], atol=0.02)
  for add in (noise.gaussian, noise.salt_and_pepper):
    np.testing.assert_array_equal(add(key, images, 0), images)


def finished(black, white):
  """A run of a linear net that reads the brighter half, on images of this range."""
  task = tasks.supervised(mlp.MLP(2, ()))
  x = np.full((6, 4, 4, 1), black, np.float32)
  y = np.arange(6) % 2
  x[y == 0, :2] = x[y == 1, 2:] = white
  data = types.SimpleNamespace(
    splits={'test': lambda: [Batch(x, y, np.ones(6))]},
    spec=types.SimpleNamespace(classes=('above', 'below')),
  )
  above = np.where(np.arange(16) < 8, 1.0, -1.0)
  params = {
    'output': {'kernel': np.stack([above, -above], axis=1), 'bias': np.zeros(2)}
  }
  experiment = types.SimpleNamespace(task=task, data=data)
  return studies.Finished(experiment, [], {}, lambda: {'params': params})


def test_all_networks_read_the_same_noise_in_units_of_their_own_pixels():
  runs = {'lenet': [finished(0, 1)], 'mlp': [finished(-1, 3)] * 2}
  measured = noise.measure(runs, seed=0)
  for accuracy in measured.accuracy.values():
    assert (accuracy['lenet'].shape[1], accuracy['mlp'].shape[1]) == (1, 2)
    assert np.all(accuracy['lenet'][0] == 1)
    np.testing.assert_allclose(accuracy['mlp'][:, :1], accuracy['lenet'])
  first = measured.examples[GAUSSIAN][0]
  np.testing.assert_allclose(sorted({*first.ravel().tolist()}), [0, 1])
  assert {len(said['mlp']) for said in measured.predicted.values()} == {7, 8}


def test_the_image_that_is_shown_is_the_first_that_noise_makes_misclassified():
  right = np.ones((8, 4), bool)
  much = noise.NOISES[GAUSSIAN].tried.index(noise.MUCH)
  right[much, 2:] = False
  right[0, 2] = False
  assert noise.misclassified(right) == 3
  assert noise.misclassified(np.ones((8, 4), bool)) == 0


def test_the_mlp_has_about_as_many_parameters_and_the_same_images():
  study = lenet_noise.study(lenet_noise.Config())
  sizes, seen = {}, set()
  for name, (module, own) in study.runs.items():
    e = module.build(own)
    seen.add((own.noise, e.data.spec.batch.x.shape))
    made = jax.eval_shape(e.task.init, jax.random.key(0), e.data.spec.batch)
    sizes[name] = sum(leaf.size for leaf in jax.tree.leaves(made))
  assert seen == {(0, (64, 32, 32, 1)), (0.75, (64, 32, 32, 1))}
  assert sizes['lenet'] == sizes['lenet_noise'] == 61_706
  assert abs(sizes['mlp'] / sizes['lenet'] - 1) < 0.01


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  c = lenet_noise.Config(data_dir=digits_dir)
  study = lenet_noise.study(c)
  results = {
    name: finish.finished(module, own, c.seeds)
    for name, (module, own) in study.runs.items()
  }
  held = finish.held(study.draw(results))
  assert len(held) == 5
  assert all(held.values()), held
