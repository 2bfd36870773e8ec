"""Judges whether a run fitted its data: one of five verdicts, from its history."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from dl_core import metrics
from dl_core.train.history import Line, curve, figures, finite, shown


def rivals(history: Sequence[Line]) -> list[str]:
  """Returns the names of the losses of the other players of a GAN."""
  names = {name for line in history[-1:] for name in figures(line)}
  return sorted(name for name in names if metrics.kind(name).player)


class Verdict(NamedTuple):
  """The verdict on a run.

  Attributes:
    kind: 'well fitted', 'overfitted', 'underfitted', 'unstable' or 'undecided'.
    sentence: the figures that led to the verdict.
    advice: what to try next.
  """

  kind: str
  sentence: str
  advice: str


def verdict(history: Sequence[Line]) -> Verdict:
  """Judges a run by its losses on train and validation.

  The first rule that holds decides. `start` is the validation loss before the first
  step, `best` the lowest validation loss, and `gain` is start - best.

  1. unstable: the loss of train or validation was finite and ended not finite.
  2. undecided: train or validation has no loss, or several players have one each.
  3. well fitted: validation accuracy (or exact match) ended at 1.
  4. overfitted: train loss fell by a tenth, and validation loss either rose while train
     loss went on falling by a twentieth, or ended above twice the train loss.
  5. underfitted: neither loss fell by a tenth, or no figure clearly beats the best
     constant answer.
  6. undecided: fewer than three evaluations.
  7. underfitted: validation loss was still falling. The last fifth of the run, or the
     last evaluation where that is longer, lowered it by more than a fiftieth of itself
     and a fiftieth of all it fell.
  8. unstable: validation loss rose and train loss did not fall.
  9. well fitted: everything else.

  Validation loss "rose" where the last three evaluations (or all since the best one, if
  fewer) lie above 1.1 best and above best + gain / 50. In rule 4 twice the train loss
  counts only where the gap is also a tenth of what train loss fell. Fractions of a
  negative loss are fractions of its size.
  """
  train, judged = (curve(history, split, 'loss') for split in ('train', 'validation'))
  if not finite(train) or not finite(judged):
    return Verdict(
      'undecided',
      'Train and validation do not both have a loss, so there is nothing to compare.',
      '',
    )
  if not math.isfinite(train[-1][1] + judged[-1][1]):
    return Verdict(
      'unstable',
      f'The loss was not finite at step {max(train[-1][0], judged[-1][0]):,}.',
      'Try a lower --learning_rate.',
    )
  if others := rivals(history):
    return Verdict(
      'undecided',
      'Each player of a GAN is measured against the other, so neither the loss nor the '
      f'{others[0].replace("_", " ")} shows how good the samples are.',
      'Compare the scores and look at the samples.',
    )

  train, judged = finite(train), finite(judged)
  (first_step, start), (last_step, end), fitted = judged[0], judged[-1], train[-1][1]
  best_step, best = min(judged, key=lambda point: point[1])
  then = [loss for step, loss in train if step <= best_step] or [train[0][1]]
  after = [loss for step, loss in judged if step > best_step][-3:]
  clear = max(0.1 * abs(best), 0.02 * (start - best))
  rose = bool(after) and min(after) > best + clear
  low = start - 0.1 * abs(start)
  losses = (
    f'At the end the loss is {fitted:.3g} on train and {end:.3g} on validation'
    f' ({start:.3g} {"before training" if first_step == 0 else "at first"}).'
  )
  if fitted > end:
    losses += (
      ' A train loss above the validation loss is no fault: it is a mean over the steps'
      ' since the last report, with dropout and augmentation (if any) on.'
    )

  for name in ('accuracy', 'exact'):
    if curve(history, 'validation', name)[-1:] == [(last_step, 1)]:
      return Verdict(
        'well fitted',
        f'Validation {name} ended at 100%. {losses}',
        'Try a harder data set.',
      )
  remedy = (
    'Stop at the lowest validation loss (--patience=5 or --keep_best), add data,'
    ' augmentation, dropout or weight decay, or use a smaller model.'
  )
  if fitted < low and rose and fitted < then[-1] - 0.05 * abs(then[-1]):
    return Verdict(
      'overfitted',
      f'Validation loss was lowest at step {best_step:,} ({best:.3g}) and then rose to '
      f'{end:.3g}, while train loss went on falling from {then[-1]:.3g} to '
      f'{fitted:.3g}: the model was memorising its training examples.',
      remedy,
    )
  gap = end - fitted > 0.1 * (start - fitted)
  if 0 <= fitted < low and end > 2 * fitted and gap:
    return Verdict(
      'overfitted',
      f'{losses} Validation loss ended at more than twice the train loss: much of what'
      ' the model learnt holds only for the training examples.',
      remedy,
    )
  weak = _no_better_than_constant(history)
  if min(fitted, end) >= low or weak:
    return Verdict(
      'underfitted',
      weak or f'{losses} Neither fell by a tenth.',
      'Try a larger model, another --learning_rate or more steps, and check that the'
      ' inputs determine the answer.',
    )
  if len(judged) < 3:
    return Verdict(
      'undecided',
      f'{losses} {len(judged)} evaluations are too few to judge a curve.',
      'Evaluate more often, by a smaller --eval_every.',
    )
  early = [p for p in judged[:-1] if p[0] <= last_step - (last_step - first_step) / 5]
  step, loss = min(early, key=lambda point: point[1])
  if loss - end > 0.02 * max(abs(end), start - best):
    return Verdict(
      'underfitted',
      f'{losses} Validation loss was still falling: from {loss:.3g} at step {step:,}, '
      f'which is {(loss - end) / (start - end):.0%} of its whole fall.',
      'Train for more steps, or with a higher --learning_rate.',
    )
  if rose:
    return Verdict(
      'unstable',
      f'Validation loss was lowest at step {best_step:,} ({best:.3g}) and then rose to '
      f'{end:.3g}, and train loss did not fall meanwhile ({then[-1]:.3g} to '
      f'{fitted:.3g}).',
      'Try a lower --learning_rate, or one that decays.',
    )
  return Verdict(
    'well fitted',
    f'{losses} Validation loss ended at or near its lowest ({best:.3g} at step '
    f'{best_step:,}) and was no longer falling fast.',
    'More data, augmentation or a better model may help; more steps hardly.',
  )


def _no_better_than_constant(history: Sequence[Line]) -> str:
  """Returns a sentence if no figure clearly beats its baseline, '' otherwise.

  That is by a tenth: of the errors left to a fraction, or of the baseline.
  """
  found = [line['baseline'] for line in history if line.get('baseline')]
  weak = []
  for name, constant in found[-1].items() if found else ():
    curves = [curve(history, split, name)[-1:] for split in ('train', 'validation')]
    ends = [value for last in curves for _, value in finite(last)]
    if not ends or constant is None:
      continue
    if metrics.kind(name).fraction:
      reached, beaten = max(ends), max(ends) >= constant + 0.1 * (1 - constant)
    elif metrics.kind(name).rising:
      reached, beaten = max(ends), max(ends) >= 1.1 * constant
    else:
      reached, beaten = min(ends), min(ends) <= 0.9 * constant
    if beaten:
      return ''
    weak.append(
      f'The last {name} on train or validation is {shown(name, reached)} at best; the'
      f' best constant answer scores {shown(name, constant)}.'
    )
  return ' '.join(weak)
