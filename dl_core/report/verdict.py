"""Whether a run fitted its data: one of five verdicts, from its history alone."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from dl_core import metrics
from dl_core.train.history import Line, curve, figures, finite, shown


def rivals(history: Sequence[Line]) -> list[str]:
  """Returns the names of the losses of a game's other players."""
  return sorted(
    n for line in history[-1:] for n in figures(line) if n.endswith('_loss')
  )


class Verdict(NamedTuple):
  """What became of a run.

  Attributes:
    kind: 'well fitted', 'overfitted', 'underfitted', 'unstable' or 'undecided'.
    sentence: the figures that led to it.
    advice: what to try next.
  """

  kind: str
  sentence: str
  advice: str


def verdict(history: Sequence[Line]) -> Verdict:
  """Judges the end of a run by its losses on train and validation.

  With `start` the validation loss before the first step, `best` the lowest validation
  loss, and a tenth as the measure of what is clear, the first rule that holds decides:

  1. undecided: train or validation has no loss.
  2. unstable: the last loss of either is not finite.
  3. undecided: there are several players, each with a loss.
  4. well fitted: validation accuracy (or exact match) ended at 1.
  5. overfitted: train loss fell to less than 0.9 start, and
     a. the last three evaluations (or as many as follow the best one) all lie above
        1.1 best and above best + 0.02 (start - best), while train loss fell by a
        twentieth or more since the best one; or
     b. validation loss ended above twice the train loss, and above it by a tenth of
        start - train loss. (Train loss errs on the high side, so this is no artefact.)
  6. underfitted: neither loss fell below 0.9 start, or no figure of train or validation
     beats the best constant answer by a tenth of what that leaves undone.
  7. undecided: fewer than three evaluations.
  8. underfitted: at the end validation loss was falling so fast that a fifth of the
     run brought a twentieth of all that was gained.
  9. unstable: validation loss rose as in 5a, and train loss did not fall meanwhile.
  10. well fitted: all else.

  Where a loss may be negative, a tenth of it is a tenth of its size.
  """
  train, judged = (curve(history, split, 'loss') for split in ('train', 'validation'))
  if not finite(train) or not finite(judged):
    return Verdict(
      'undecided',
      'There is no loss on both train and validation, so there is nothing to compare.',
      '',
    )
  if not math.isfinite(train[-1][1] + judged[-1][1]):
    return Verdict(
      'unstable',
      f'The loss was no longer finite at step {max(train[-1][0], judged[-1][0]):,}.',
      'A lower --learning_rate.',
    )
  if others := rivals(history):
    return Verdict(
      'undecided',
      'The players of a game are each as good as the others let them be: neither the '
      f'loss nor the {others[0].replace("_", " ")} says how good either has become.',
      'A look at the scores and the samples.',
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
      ' That train lies above validation is no fault in itself: it is a mean over the'
      ' steps since the line before, with dropout and augmentation (if any) on.'
    )

  for name in ('accuracy', 'exact'):
    if curve(history, 'validation', name)[-1:] == [(last_step, 1)]:
      return Verdict(
        'well fitted',
        f'Validation {name} ended at 100%: nothing is left to gain there. {losses}',
        'A harder data set.',
      )
  remedy = (
    'Stopping at the lowest validation loss (--patience=5, or --keep_best), more data'
    ' or augmentation, dropout, weight decay, or a smaller model.'
  )
  if fitted < low and rose and fitted < then[-1] - 0.05 * abs(then[-1]):
    return Verdict(
      'overfitted',
      f'Validation loss was lowest at step {best_step:,} ({best:.3g}) and then rose to '
      f'{end:.3g}, while train loss went on falling from {then[-1]:.3g} to '
      f'{fitted:.3g}: the model was learning its examples by heart.',
      remedy,
    )
  gap = end - fitted > 0.1 * (start - fitted)
  if 0 <= fitted < low and end > 2 * fitted and gap:
    return Verdict(
      'overfitted',
      f'{losses} Validation loss stays at more than twice the train loss: much of what'
      ' was learnt holds for the training examples alone.',
      remedy,
    )
  weak = _no_better_than_constant(history)
  if min(fitted, end) >= low or weak:
    return Verdict(
      'underfitted',
      weak or f'{losses} That is hardly lower than before.',
      'A model that can say more, another --learning_rate, more steps; and a look at'
      ' whether the inputs hold the answer at all.',
    )
  if len(judged) < 3:
    return Verdict(
      'undecided',
      f'{losses} {len(judged)} evaluations do not make a curve.',
      'A smaller --eval_every.',
    )
  span = last_step - first_step
  early = [p for p in judged[:-1] if p[0] <= last_step - 0.2 * span] or judged[:-1]
  step, loss = min(early, key=lambda point: point[1])
  fall = (loss - end) * 0.2 * span / (last_step - step)  # in a fifth of the run
  if start > end and fall > 0.05 * (start - end):
    return Verdict(
      'underfitted',
      f'{losses} Validation loss was still falling: the last fifth of the run brought '
      f'{fall / (start - end):.0%} of all that was gained.',
      'More steps, or a higher --learning_rate.',
    )
  if rose:
    return Verdict(
      'unstable',
      f'Validation loss was lowest at step {best_step:,} ({best:.3g}) and then rose to '
      f'{end:.3g}, and train loss did not fall meanwhile ({then[-1]:.3g} to '
      f'{fitted:.3g}).',
      'A lower --learning_rate, or one that decays.',
    )
  return Verdict(
    'well fitted',
    f'{losses} Validation loss ended at or near its lowest ({best:.3g} at step '
    f'{best_step:,}) and was no longer falling fast.',
    'For a better result more data, augmentation or a better model; hardly more steps.',
  )


def _no_better_than_constant(history: Sequence[Line]) -> str:
  """Says so in a sentence if no figure clearly beats its baseline; else returns ''."""
  found = [line['baseline'] for line in history if line.get('baseline')]
  weak = []
  for name, constant in found[-1].items() if found else ():
    curves = [curve(history, split, name)[-1:] for split in ('train', 'validation')]
    ends = [value for last in curves for _, value in finite(last)]
    if not ends or constant is None:
      continue
    if name in metrics.FRACTIONS:
      reached, beaten = max(ends), max(ends) >= constant + 0.1 * (1 - constant)
    elif name in metrics.RISING:
      reached, beaten = max(ends), max(ends) >= 1.1 * constant
    else:
      reached, beaten = min(ends), min(ends) <= 0.9 * constant
    if beaten:
      return ''
    weak.append(
      f'At the end {name} is at best {shown(name, reached)}, on train or validation;'
      f' the best constant answer scores {shown(name, constant)}.'
    )
  return ' '.join(weak)
