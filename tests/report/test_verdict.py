import math

import numpy as np
import pytest

from dl_core import metrics
from dl_core.report import verdict
from dl_core.train import history


def line(step, split, **figures):
  return {'step': step, 'split': split, **figures}


def lines(train, validation, every=100, **test):
  """A history of losses: train after each interval, validation from step 0 on."""
  found = [
    {'step': every * (i + 1), 'split': 'train', 'loss': v} for i, v in enumerate(train)
  ]
  found += [
    {'step': every * i, 'split': 'validation', 'loss': v}
    for i, v in enumerate(validation)
  ]
  return [*found, {'step': every * len(train), 'split': 'test', **test}]


def decay(start, floor, rate, n):
  return floor + (start - floor) * np.exp(-rate * np.arange(n))


GOOD = decay(2.3, 0.05, 0.8, 11)


def kind(train, validation, **test):
  return verdict.verdict(lines(list(train), list(validation), **test)).kind


def test_two_curves_that_level_off_together_are_well_fitted():
  assert kind(GOOD[1:] + 0.01, GOOD) == 'well fitted'


def test_a_lone_spike_of_validation_loss_is_not_overfitting():
  spiky = GOOD.copy()
  spiky[7] *= 2
  assert kind(GOOD[1:] * 0.9, spiky) == 'well fitted'


def test_a_rise_that_is_tiny_beside_what_was_learnt_is_not_overfitting():
  validation = [*GOOD[:8], 0.07, 0.072, 0.074]  # a fifth above 0.058, 0.7 % of 2.3
  assert kind(GOOD[1:] * 0.8, validation) == 'well fitted'


def test_a_rise_that_is_tiny_beside_the_minimum_is_not_overfitting():
  validation = [2.3, 1.2, 1.0, 1.05, 1.05, 1.05]
  assert kind([1.5, 1.1, 1.0, 0.9, 0.8], validation) == 'well fitted'


def test_one_high_evaluation_at_the_end_is_not_overfitting():
  assert kind(GOOD[1:] * 0.8, [*GOOD[:8], 0.06, 0.06, 0.15]) == 'well fitted'


@pytest.mark.parametrize('noise', range(20))
def test_noise_on_a_good_run_does_not_change_the_verdict(noise):
  rng = np.random.default_rng(noise)
  curve = decay(2.3, 0.3, 0.5, 51) * (1 + 0.03 * rng.normal(size=51))
  falling = decay(2.3, 0.2, 0.5, 51)
  assert kind(falling[1:], curve) == 'well fitted'


def test_validation_loss_that_turns_up_while_train_falls_is_overfitting():
  validation = decay(2.3, 0.1, 1, 11) + 0.05 * np.arange(11)
  found = verdict.verdict(lines(decay(2.3, 0.001, 0.8, 11)[1:], validation))
  assert found.kind == 'overfitted'
  assert 'step 400' in found.sentence  # where the minimum was
  assert f'{validation[-1]:.3g}' in found.sentence
  assert '--patience' in found.advice


def test_two_evaluations_are_enough_where_validation_doubles():
  assert kind([0.2, 0.01], [2.3, 0.3, 0.6]) == 'overfitted'


def test_learning_random_labels_by_heart_is_overfitting():
  assert kind(decay(2.3, 0.001, 0.8, 11)[1:], 2.3 + 0.3 * np.arange(11)) == 'overfitted'


def test_a_wide_gap_without_a_rise_is_overfitting():
  validation = decay(2.3, 0.7, 1, 11)
  assert kind(decay(2.3, 0.005, 0.9, 11)[1:], validation) == 'overfitted'


def test_a_gap_that_is_a_small_part_of_what_was_learnt_is_not_overfitting():
  assert kind(decay(2.3, 0.005, 0.8, 11)[1:], GOOD) == 'well fitted'


def test_validation_half_as_high_again_as_train_is_not_overfitting():
  assert kind(decay(4.2, 1, 0.9, 11)[1:], decay(4.2, 1.5, 0.9, 11)) == 'well fitted'


def test_train_above_validation_is_explained_and_no_fault():
  found = verdict.verdict(lines(GOOD[1:] + 0.2, GOOD))
  assert found.kind == 'well fitted'
  assert 'no fault' in found.sentence
  assert 'no fault' not in verdict.verdict(lines(GOOD[1:] * 0.9, GOOD)).sentence


def test_dropout_that_keeps_train_loss_high_does_not_hide_what_was_learnt():
  assert kind(np.full(10, 2.2), GOOD) == 'well fitted'


def test_a_loss_that_hardly_falls_is_underfitting():
  flat = np.linspace(0.693, 0.69, 11)
  assert kind(flat[1:], flat) == 'underfitted'


def test_a_loss_that_still_falls_at_the_end_is_underfitting():
  falling = np.linspace(2.3, 1.2, 11)
  found = verdict.verdict(lines(falling[1:], falling))
  assert found.kind == 'underfitted'
  assert '20%' in found.sentence  # the last fifth of a straight line


def test_a_language_model_that_gained_a_fifth_of_a_nat_at_last_is_underfitted():
  """A char_lm of 500 steps, evaluated at 250 and 500, as it was measured."""
  found = verdict.verdict(lines([2.917, 2.302], [4.555, 2.352, 2.155], every=250))
  assert found.kind == 'underfitted'
  assert 'still falling: from 2.35 at step 250' in found.sentence
  assert 'more steps' in found.advice


@pytest.mark.parametrize('every', [50, 100, 250])
def test_how_often_one_evaluates_does_not_hide_that_the_loss_still_falls(every):
  steps = np.arange(0, 1001, every)
  falling = 1.9 + 2.6 * np.exp(-steps / 300)
  assert kind(falling[1:], falling) == 'underfitted'
  level = 1.9 + 2.6 * np.exp(-steps / 120)
  assert kind(level[1:], level) == 'well fitted'


def test_a_last_fall_that_is_tiny_beside_all_that_was_gained_is_well_fitted():
  validation = [2.3, 0.3, 0.06, 0.05, 0.04, 0.02]  # halved at last, from almost nothing
  assert kind([1.0, 0.2, 0.06, 0.04, 0.03], validation) == 'well fitted'


def test_accuracy_no_better_than_the_constant_answer_is_underfitting():
  found = lines(GOOD[1:], GOOD, baseline={'accuracy': 0.5})
  for line in found[:-1]:
    line['accuracy'] = 0.52
  judged = verdict.verdict(found)
  assert judged.kind == 'underfitted'
  assert '52.00%' in judged.sentence
  assert '50.00%' in judged.sentence


@pytest.mark.parametrize('final', [0.25, 0.5, 0.75])
def test_a_perceptron_that_cycles_on_xor_underfits_wherever_it_stops(final):
  rng = np.random.default_rng(0)
  found = lines(
    rng.uniform(0.5, 1, 50),
    [0.0, *rng.choice([0.0, 0.25, 0.5, 0.75], 49), 0.25],
    every=4,
    baseline={'accuracy': 0.5},
  )
  for line in found[:-1]:
    line['accuracy'] = final
  assert verdict.verdict(found).kind == 'underfitted'


def test_what_never_fell_below_an_untrained_loss_of_0_is_not_overfitting():
  assert kind([1.0, 1.0, 0.5], [0.0, 0.25, 0.25, 0.25]) == 'underfitted'


def test_a_perceptron_without_errors_is_well_fitted_though_its_loss_began_at_0():
  found = lines([0.75, 0.25, 0.25], [0.0, 0.25, 0.25, 0.0], every=4)
  for line in found:
    line['accuracy'] = 1.0 if line['step'] == 12 else 0.5
  assert verdict.verdict(found).kind == 'well fitted'


@pytest.mark.parametrize('bad', [None, math.nan, math.inf])
def test_a_loss_that_ends_not_finite_is_unstable(bad):
  assert kind([*GOOD[1:10], bad], GOOD) == 'unstable'
  assert kind(GOOD[1:], [*GOOD[:10], bad]) == 'unstable'


def test_a_gap_of_values_that_are_not_finite_is_passed_over():
  train = [*GOOD[1:5], None, *GOOD[6:]]
  assert kind(train, [*GOOD[:4], math.nan, *GOOD[5:]]) == 'well fitted'


def test_both_losses_rising_is_unstable():
  rising = [*GOOD[:6], 0.3, 0.5, 0.6, 0.7, 0.8]
  assert kind(rising[1:], rising) == 'unstable'


@pytest.mark.parametrize(
  ('train', 'validation'),
  [([], []), ([], [2.3]), ([0.5], []), ([None], [2.3, None]), ([0.5], [2.3, 0.5])],
)
def test_too_little_to_judge_is_undecided(train, validation):
  assert kind(train, validation) == 'undecided'


def test_a_negative_loss_is_judged_by_its_size():
  curve = decay(-5, -50, 0.8, 11)
  assert kind(curve[1:], curve) == 'well fitted'
  assert kind(np.full(10, -5.0), np.full(11, -5.0)) == 'underfitted'


def test_the_losses_of_a_game_do_not_say_how_good_its_players_are():
  found = lines(decay(2, 0.1, 0.8, 10), decay(2, 0.1, 0.8, 11))
  assert verdict.verdict(found).kind == 'well fitted'
  heads = [line | {'class_loss': 1.0} for line in found]
  assert verdict.verdict(heads).kind == 'well fitted'
  metrics.declare('generator_loss', rising=False, player=True)
  game = [line | {'generator_loss': 1.0} for line in found]
  assert verdict.verdict(game).kind == 'undecided'
  assert 'generator loss' in verdict.verdict(game).sentence


def test_a_history_of_other_figures_alone_is_undecided():
  found = [{'step': 5, 'split': 'train', 'd_loss': 1.0, 'g_loss': 2.0}]
  assert verdict.verdict(found).kind == 'undecided'


def test_figures_are_numbers_that_were_measured():
  line = {
    'step': 3,
    'split': 'test',
    'loss': 1,
    'accuracy': None,
    'seconds': 2.0,
    'stopped': 'all done',
    'baseline': {'accuracy': 0.1},
  }
  found = history.figures(line)
  assert found.keys() == {'loss', 'accuracy'}
  assert found['loss'] == 1
  assert math.isnan(found['accuracy'])


def test_runs_taken_together_have_the_means_and_deviations_of_their_figures():
  one = [line(0, 'validation', loss=2.0), line(8, 'train', loss=1.0, skipped=1)]
  two = [line(0, 'validation', loss=4.0), line(8, 'train', loss=1.0)]
  ends = [line(8, 'test', loss=3.0, why='x'), line(4, 'test', loss=6.0, why='y')]
  found = history.together(
    [[*one, ends[0]], [*two, line(9, 'train', loss=5.0), ends[1]]]
  )
  assert [(each['step'], each['split'], each['loss']) for each in found] == [
    (0, 'validation', 3.0),
    (8, 'train', 1.0),
    (8, 'test', 4.5),  # each run ends at a step of its own
  ]
  assert found[0]['std']['loss'] == pytest.approx(2**0.5)
  assert all(each['runs'] == 2 for each in found)


def test_a_figure_that_one_of_several_runs_lacks_has_no_mean():
  found = history.together([[line(0, 'test', loss=None)], [line(0, 'test', loss=1.0)]])
  assert found[0]['std'] == {}


def test_one_run_alone_is_as_it_was():
  lines = [line(0, 'validation', loss=2.0), line(8, 'test', loss=1.0)]
  assert history.together([lines]) == lines
