"""Bayes: from what an illness does to a test to what the test says of the illness."""

import itertools

import jax
import numpy as np

from dl_core.lessons.mathematics import chance, probability
from dl_core.types import Array, Claim, Picture

# A disease that 1 in 1,000 has and a test that errs in 5 % of the healthy: fewer than a
# fifth of the doctors and students asked knew what it says (Casscells, Schoenberger &
# Graboys 1978). That it misses 1 % of the ill is our addition. Rows: healthy, ill;
# columns: test negative, positive.
PRIOR = np.array([[0.999], [0.001]], np.float32)
TEST = np.array([[0.95, 0.05], [0.01, 0.99]], np.float32)


def pictures(seed: int, draws: int, samples: int) -> list[Picture]:
  """Makes the picture of this module.

  Args:
    seed: of all that is drawn.
    draws: random tables that a claim is checked on.
    samples: people who are tested, for each of them.
  """
  random = np.random.default_rng(seed)
  return [
    bayes_picture(
      people(random, draws * samples), chance.tables(random, draws, 3, 4, 5)
    )
  ]


def people(random: np.random.Generator, count: int) -> np.ndarray:
  """Draws how many people [2, 2] are of each health (rows) with each test result."""
  p = np.float64(PRIOR * TEST).ravel()
  return random.multinomial(count, p / p.sum()).reshape(2, 2)


def bayes_picture(tested: np.ndarray, random: Array) -> Picture:
  """Draws how likely a patient is ill after positive tests, independent given health.

  Args:
    tested: how many people [2, 2] are healthy or ill (rows) with a negative or positive
      test (columns).
    random: tables [D, H, E, F] of a hypothesis and two pieces of evidence.
  """
  update = jax.jit(probability.bayes)
  found = TEST[:, 1:]  # P(positive | healthy), P(positive | ill)
  beliefs = [PRIOR]
  for _ in range(3):
    beliefs.append(np.asarray(update(beliefs[-1], found)))
  ill = [float(belief[1, 0]) for belief in beliefs]
  positive = tested[:, 1].sum()
  share = tested[1, 1] / positive
  sure = (ill[1] * (1 - ill[1]) / positive) ** 0.5

  def off(joint):  # what Bayes says, from what the table itself says
    prior = probability.marginal(joint, 0)
    turned = probability.bayes(prior, probability.conditional(joint, 0))
    return abs(turned - probability.conditional(joint, 1, 2)).max()

  apart = float(chance.over(off, random).max())

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.9), layout='constrained')
    left, right = figure.subplots(1, 2)
    left.bar(range(4), ill, color='C0')
    for n, value in enumerate(ill):
      left.annotate(f'{value:.1%}', (n, value), ha='center', va='bottom')
    left.set(xlabel='positive tests, one after another', ylabel='P(ill | tests)')
    left.set(xticks=range(4), ylim=(0, 1.08))
    left.set_title('P(ill) = 1 in 1,000 before', fontsize=10)
    prior = np.geomspace(1e-4, 0.5, 100, dtype=np.float32)
    posterior = update(np.stack([1 - prior, prior]), found)[1]
    right.plot(prior, posterior, color='C0', lw=2)
    right.plot(PRIOR[1, 0], ill[1], 'o', color='C1')
    right.annotate(f'1 in 1,000: {ill[1]:.1%}', (5e-4, 0.08), ha='center')
    right.set(xscale='log', xlabel='P(ill) before the test', ylim=(-0.04, 1.08))
    right.set_title('after one positive test', fontsize=10)
    right.set_ylabel('P(ill | positive)')
    return figure

  return Picture(
    'Bayes: what a positive test says',
    'A disease that 1 in 1,000 has, and a test that finds 99 % of the ill and errs in '
    '5 % of the healthy. Of 100,000 people 99 are ill and found, and 4,995 are healthy '
    'and alarmed, so one positive test leaves the patient healthy in all likelihood. '
    'Further tests are taken to err independently of each other, given health.',
    draw,
    (
      Claim(
        'P(h | e) = P(e | h) P(h) / P(e) is what the joint table says, to 1e-6',
        apart < 1e-6,
        f'at most {apart:.0e} apart in {len(random)} tables',
      ),
      Claim(
        'A good test of a rare disease is positive in the healthy, mostly',
        bool(ill[1] < 0.5 and abs(share - ill[1]) < 4 * sure),
        f'P(ill | positive) = {ill[1]:.2%}; {share:.2%} of the {positive:,} positive '
        f'of {tested.sum():,} drawn people are ill',
      ),
      Claim(
        'Every further positive test makes illness likelier, if tests are independent '
        'given health',
        all(later > earlier for earlier, later in itertools.pairwise(ill)),
        ', '.join(f'{value:.1%}' for value in ill),
      ),
    ),
  )
