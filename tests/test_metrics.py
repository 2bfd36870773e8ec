import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import metrics
from dl_core import tasks as tasks  # they declare how their metrics are read
from dl_core.train import evaluate
from dl_core.types import Batch


def test_totals_are_divided_once_and_not_batch_by_batch():
  values, weight = jnp.array([1.0, 0, 0, 1]), jnp.array([1.0, 1, 1, 0])
  one = {'loss': metrics.weighted(values, weight)}
  other = {'loss': metrics.weighted(jnp.array([1.0]), jnp.array([1.0]))}
  assert metrics.mean(metrics.add(one, other)) == {'loss': 0.5}  # not (1/3 + 1) / 2


def test_the_loss_comes_first_and_no_weight_gives_no_number():
  found = metrics.mean({'accuracy': (1.0, 2.0), 'loss': (0.0, 0.0), 'a': (3.0, 1.0)})
  assert list(found) == ['loss', 'a', 'accuracy']
  assert np.isnan(found['loss'])


@pytest.mark.parametrize(
  ('name', 'figure', 'value', 'reached'),
  [
    ('accuracy', 0.9, 0.9, True),
    ('accuracy', 0.89, 0.9, False),
    ('loss', 0.9, 0.9, True),
    ('loss', 0.91, 0.9, False),
    ('nats', 0.1, 0.9, True),
    ('accuracy', None, 0.9, False),  # it was not finite
    ('loss', None, 0.9, False),
  ],
)
def test_better_means_higher_for_some_and_lower_for_the_others(
  name, figure, value, reached
):
  assert metrics.reached({name: figure}, name, value) is reached


def test_the_mean_of_vectors_is_over_the_entries_that_have_a_weight():
  # Intersections and unions of three classes; nothing is or was taken for the third.
  one = {'iou': (jnp.array([1.0, 2, 0]), jnp.array([2.0, 8, 0]))}
  other = {'iou': (jnp.array([3.0, 0, 0]), jnp.array([3.0, 0, 0]))}
  found = metrics.mean(metrics.add(one, other))['iou']
  assert found == pytest.approx((4 / 5 + 2 / 8) / 2)
  assert np.isnan(metrics.mean({'iou': (jnp.zeros(3), jnp.zeros(3))})['iou'])


def test_a_metric_says_how_it_is_read_and_is_not_declared_twice(monkeypatch):
  monkeypatch.setattr(metrics, '_declared', {})
  assert metrics.kind('skill') == metrics.Kind(rising=False, fraction=False)
  metrics.declare('skill', fraction=True)
  metrics.declare('skill', fraction=True)
  kept = metrics.declared()
  assert metrics.reached({'skill': 0.8}, 'skill', 0.7)
  with pytest.raises(ValueError, match=r"name='skill' was declared as .*True.*not as"):
    metrics.declare('skill', rising=False)
  monkeypatch.setattr(metrics, '_declared', {})
  metrics.restore(kept)
  assert metrics.reached({'skill': 0.8}, 'skill', 0.7)


def test_padding_does_not_count_and_every_batch_draws_from_its_own_key():
  drawn = []

  def judge(variables, batch, key):
    drawn.append(float(jax.random.uniform(key)))
    return {'loss': metrics.weighted(batch.x * variables, batch.weight)}

  parts = [
    Batch(jnp.array([1.0, 2]), None, jnp.ones(2)),
    Batch(jnp.array([6.0, 100]), None, jnp.array([1.0, 0])),
  ]
  found = evaluate.evaluate(judge, 2.0, iter(parts), jax.random.key(0))
  assert found == {'loss': 6.0}
  assert len(set(drawn)) == 2
