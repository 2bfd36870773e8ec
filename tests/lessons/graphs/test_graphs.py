"""The claims of lecture 10 hold, and fail where what they measure is otherwise."""

from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.lessons.graphs import (
  by_hand,
  communities,
  depth,
  limits,
  protocols,
  readouts,
  regular,
  spectrum,
)


def claims_of(*pictures):
  return [claim for picture in pictures for claim in picture.claims]


def test_what_is_computed_holds():
  random = np.random.default_rng(0)
  found = claims_of(
    by_hand.picture(),
    regular.picture(random, 3),
    spectrum.picture(spectrum.measure(random, 3)),
    limits.order(random, 2),
    limits.picture(),
    communities.picture(random, 2),
  )
  assert len(found) == 14
  assert all(claim.holds for claim in found)


def test_weights_of_five_nodes_are_those_of_the_fractions():
  squares = by_hand.squared_weights()
  assert squares[0][1] == squares[0][0] == by_hand.Fraction(1, 9)
  assert squares[3][4] == by_hand.Fraction(1, 6)
  assert squares[0][4] == 0


def test_a_matrix_that_is_not_normalised_fails_the_claims_on_powers():
  found = spectrum.measure(np.random.default_rng(0), 2)
  wrong = found._replace(
    kipf=found.plain, grown=found.grown | {'Â': found.grown['A + I']}
  )
  bounds, growth, _ = spectrum.picture(wrong).claims
  assert not bounds.holds
  assert not growth.holds


def test_clusters_found_at_random_are_not_the_planted_ones():
  true = np.arange(24) % 2
  s = np.eye(2)[np.arange(24) // 12]
  assert communities.agreement(true, s) == pytest.approx(0.5)
  assert communities.agreement(true, np.eye(2)[1 - true]) == 1


def finished(lines):
  return SimpleNamespace(lines=lines)


def test_distances_of_predictions():
  assert depth.spread(np.ones((5, 3))) == pytest.approx(0, abs=1e-6)
  assert depth.spread(np.array([[1.0, 0], [-1, 0]])) == pytest.approx(2)
  assert depth.spread(np.array([[1.0, 0], [0, 1]])) == pytest.approx(1)


@pytest.mark.parametrize(
  ('plain', 'holds'), [((0.8, 0.5), [True] * 3), ((0.8, 0.7), [False, False, True])]
)
def test_depth_is_judged_by_its_ends(monkeypatch, plain, holds):
  monkeypatch.setattr(depth, 'distance', lambda run: 0.5)
  accuracy = {'plain': plain, 'residual': (0.8, 0.6), 'gcnii': (0.7, 0.85)}
  results = {
    f'{kind}-{n}': [finished([{'step': 1, 'split': 'test', 'accuracy': value}])]
    for kind, values in accuracy.items()
    for n, value in zip((2, 16), values, strict=True)
  }
  (picture,) = depth.pictures([2, 16], results)
  assert [bool(claim.holds) for claim in picture.claims] == holds


def test_readouts_are_judged_set_by_set():
  told = {'cycles': (0.5, 1, 0.5, 1), 'stars': (1, 1, 1, 0.5), 'rings': (0.5,) * 4}
  values = {
    f'{name}-{kind}': value
    for name, each in told.items()
    for kind, value in zip(readouts.READOUTS, each, strict=True)
  }
  values |= {f'pool-{kind}': 0.9 for kind in readouts.POOLS}
  make = lambda values: readouts.pictures(
    {
      label: [finished([{'step': 1, 'split': 'test', 'accuracy': value}])]
      for label, value in values.items()
    }
  )
  assert all(claim.holds for claim in claims_of(*make(values)))
  for label, value in {
    'cycles-mean': 0.7,
    'cycles-sum': 0.9,
    'stars-max': 0.5,
    'rings-max': 0.7,
    'pool-sag': 0.8,
  }.items():
    assert sum(not c.holds for c in claims_of(*make(values | {label: value}))) == 1


def test_protocols_choose_the_epoch_in_four_ways():
  values = np.array([[90.0, 70.0], [80.0, 90.0], [70.0, 80.0]])  # [T, F]
  found = protocols.reported(values, np.array([75.0, 65.0]))
  assert [each.values.tolist() for each in found] == [
    [90, 90],
    [80, 90],
    [70, 80],
    [75, 65],
  ]


def test_both_protocols_are_held_against_the_published_figure():
  def run(accuracies, tested):
    lines = [
      {'step': 50 * n, 'split': 'validation', 'accuracy': value}
      for n, value in enumerate(accuracies)
    ]
    test = {'step': 100, 'split': 'test', 'accuracy': tested}
    return finished([*lines, test | {'baseline': {'accuracy': 0.6}}])

  results = {f'gin-{n}': [run((0.99, 0.88, 0.9), 0.9)] for n in range(2)}
  results |= {f'validation-{n}': [run((0.5, 0.7, 0.7), 0.79)] for n in range(2)}
  (picture,) = protocols.pictures(2, results, held=True)
  assert [bool(claim.holds) for claim in picture.claims] == [True, True, False]
  assert '90.0 ± 0.0 %' in picture.claims[1].measured
  assert len(protocols.pictures(2, results, held=False)[0].claims) == 1
