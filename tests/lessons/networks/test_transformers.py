"""The lessons of the Transformer judge known runs as they should."""

from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.data import copies, recall
from dl_core.lessons.networks import encoders, long_range, order, stability

SIZES = dict.fromkeys(long_range.NAMES, 10)


def answering(outputs, untrained, longest=5):
  """A run on letters to recall, of two functions of x that return logits."""
  task = SimpleNamespace(
    init=lambda key, batch: {'params': 0.0},
    outputs=lambda variables, x: (untrained if variables else outputs)(x),
  )
  experiment = SimpleNamespace(data=recall.load(8, longest), task=task)
  return SimpleNamespace(experiment=experiment, variables=lambda: None)


def told(x, reach):
  """Logits of the letters that are asked for, up to a distance, else of nothing."""
  count = x['source'].shape[1] - 1
  far = recall.distances(count)
  wanted = np.eye(recall.LETTERS.size)[x['source'][:, count - far]]
  known = wanted * (far <= reach)[:, None]
  return np.concatenate([known, np.zeros_like(known[:, :1])], axis=1)


def letters(reach, heard=9):
  return [answering(lambda x: told(x, reach), lambda x: told(x, heard))]


def test_a_network_is_judged_by_its_farthest_letter():
  results = {
    'lstm': letters(2, heard=2),
    'attention': letters(9),
    'transformer': letters(9),
    'unplaced': letters(0),
  }
  (picture,) = long_range.pictures(SIZES, results)
  assert [claim.holds for claim in picture.claims] == [True, True, True]
  picture.draw()
  swapped = results | {'lstm': results['transformer'], 'unplaced': results['lstm']}
  (picture,) = long_range.pictures(SIZES, swapped)
  assert [claim.holds for claim in picture.claims] == [False, False, False]
  short = results | {'transformer': letters(3)}
  (picture,) = long_range.pictures(SIZES, short)
  assert not picture.claims[0].holds


def test_the_share_is_that_of_each_distance():
  (run,) = letters(2)
  np.testing.assert_allclose(long_range.by_distance(run), [1, 1, 0, 0], atol=0.2)
  moved = long_range.influence(letters(9, heard=2)[0])
  assert (moved[:2] > 0.01).all()
  assert (moved[2:] == 0).all()


def copying(right):
  """A run on copies, all of them exact up to a length."""

  def outputs(variables, x):
    logits = np.eye(copies.LETTERS.size)[x['source']]
    logits[x['lengths'] - 1 > right] = 0
    return logits

  experiment = SimpleNamespace(
    data=copies.load(8, 9), task=SimpleNamespace(outputs=outputs)
  )
  return [SimpleNamespace(experiment=experiment, variables=lambda: None)]


def test_order_is_lost_without_positions_alone():
  results = {'sinusoid': copying(8), 'learned': copying(8), 'none': copying(1)}
  (picture,) = order.pictures(results)
  assert [claim.holds for claim in picture.claims] == [True, True]
  picture.draw()
  results = {'sinusoid': copying(8), 'learned': copying(3), 'none': copying(4)}
  (picture,) = order.pictures(results)
  assert [claim.holds for claim in picture.claims] == [False, False]


def ended(loss, **more):
  baseline = lambda: {'nats': 3.0}
  lines = [
    {'step': 0, 'split': 'validation', 'loss': 3.0, 'nats': 3.0},
    {'step': 5, 'split': 'validation', 'loss': loss, 'nats': loss},
    {'step': 5, 'split': 'test', 'nats': loss, 'bleu': 10 - loss},
  ]
  data = SimpleNamespace(baseline=baseline)
  return [SimpleNamespace(experiment=SimpleNamespace(data=data), lines=lines)]


@pytest.mark.parametrize('better', ['pre', 'none'])
def test_layer_norm_is_judged_by_the_rates_that_train(better):
  losses = {'none': 2.9, 'post': 2.0, 'pre': 0.5}
  if better == 'none':
    losses = {'none': 0.5, 'post': 2.9, 'pre': 2.9}
  results = {
    stability.label(name, rate, warmup): ended(losses[name] * (0.5 + rate))
    for name in stability.NAMES
    for warmup in (0, 7)
    for rate in (0.1, 0.5)
  }
  (picture,) = stability.pictures((0.1, 0.5), (0, 7), results)
  assert [claim.holds for claim in picture.claims[:2]] == [better == 'pre'] * 2
  assert len(picture.claims) == 3
  picture.draw()


def test_a_loss_that_is_no_number_counts_as_a_constant_answer():
  (run,) = ended(float('nan'))
  assert stability.last(run, 3.0) == 3.0
  assert stability.last(ended(9.0)[0], 3.0) == 3.0
  assert stability.last(ended(1.0)[0], 3.0) == 1.0


@pytest.mark.parametrize('best', encoders.NAMES)
def test_the_best_encoder_is_the_one_of_the_lowest_loss(best):
  losses = {'rnn': 2.0, 'convolution': 1.5, 'transformer': 1.2} | {best: 1.0}
  results = {label: ended(loss) for label, loss in losses.items()}
  (picture,) = encoders.pictures(dict.fromkeys(losses, 7), results)
  assert picture.claims[0].holds == (best == 'transformer')
  picture.draw()
