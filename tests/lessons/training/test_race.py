import types

import pytest

from dl_core.lessons.training import race


def run(losses, accuracy=0.95):
  """A finished run with train losses at every tenth step."""
  lines = [
    {'step': 10 * n, 'split': 'train', 'loss': loss}
    for n, loss in enumerate(losses, start=1)
  ]
  lines.append({'step': 100, 'split': 'test', 'accuracy': accuracy})
  c = types.SimpleNamespace(learning_rate=0.1)
  return types.SimpleNamespace(lines=lines, experiment=types.SimpleNamespace(config=c))


SOON, LATE, NEVER = run([0.5, 0.05]), run([0.5, 0.3, 0.05]), run([0.5, 0.3], 0.8)


@pytest.mark.parametrize(
  ('sgd', 'momentum', 'held'),
  [
    ([LATE, LATE], [SOON, SOON], [True, True]),
    ([LATE, SOON], [SOON, SOON], [False, True]),  # not with every seed
    ([NEVER, NEVER], [LATE, LATE], [True, False]),
  ],
)
def test_momentum_is_sooner_with_every_seed_or_is_not_said_to_be(sgd, momentum, held):
  picture = race.picture({'sgd': sgd, 'momentum': momentum}, 0.1)
  assert [claim.holds for claim in picture.claims] == held


def test_one_optimizer_alone_is_drawn_and_compared_with_none():
  picture = race.picture({'adam': [SOON, LATE]}, 0.1)
  assert len(picture.claims) == 1
  assert picture.draw().axes[0].get_legend().texts[0].get_text() == 'Adam, η = 0.1'
