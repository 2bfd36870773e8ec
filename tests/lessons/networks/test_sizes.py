"""The lessons of GPT and BERT count and judge as they should."""

from types import SimpleNamespace

import pytest

from dl_core.lessons.networks import mask_rate, scaling, sizes
from dl_core.models import gpt


def ended(**figures):
  lines = [
    {'step': 0, 'split': 'validation', 'masked_loss': 5.0},
    {'step': 9, 'split': 'validation'} | figures,
    {'step': 9, 'split': 'test'} | figures,
  ]
  return [SimpleNamespace(lines=lines)]


def test_the_published_counts_hold_and_wrong_ones_would_not(monkeypatch):
  first, _ = sizes.pictures()
  assert [claim.holds for claim in first.claims] == [True] * 3
  first.draw()
  monkeypatch.setattr(sizes, 'PUBLISHED', {'gpt2': 124_439_807})
  assert not sizes.pictures()[0].claims[1].holds
  sizes.parameters.cache_clear()
  small = gpt.SIZES | {'175B': gpt.SIZES['13B']}
  monkeypatch.setattr(gpt, 'SIZES', small)
  assert not sizes.pictures()[0].claims[0].holds
  sizes.parameters.cache_clear()


@pytest.mark.parametrize('worse', [0.1, -0.1])
def test_larger_is_better_only_if_every_step_is(worse):
  results = {
    'width-16': ended(nats=2.0),
    'width-32': ended(nats=1.5),
    'width-64': ended(nats=1.5 + worse),
  }
  (picture,) = scaling.pictures(3, results)
  assert picture.claims[0].holds == (worse < 0)
  picture.draw()


def test_too_little_and_too_much_are_judged_against_the_best_rate():
  of = lambda *nats: {
    f'rate-{rate}': ended(masked_loss=each)
    for rate, each in zip((0.05, 0.15, 0.8), nats, strict=True)
  }
  holds = lambda *nats: [
    claim.holds for claim in mask_rate.pictures(of(*nats))[0].claims
  ]
  assert holds(3.0, 2.0, 3.0) == [True, True]
  assert holds(2.0, 2.5, 3.0) == [False, True]
  assert holds(3.0, 2.5, 2.0) == [True, False]
  mask_rate.pictures(of(3.0, 2.0, 3.0))[0].draw()
