"""Bayes' theorem: the probability of an illness given positive tests."""

import itertools

import jax
import numpy as np

from dl_core.lessons.mathematics import chance, probability
from dl_core.report import claims, draw
from dl_core.types import Array, Claim, Picture

# The prevalence is 1 in 1,000 and the false positive rate 5 %. Of the doctors and
# students asked, fewer than a fifth gave the right posterior (Casscells, Schoenberger &
# Graboys 1978). The false negative rate of 1 % is our addition. Rows: healthy, ill;
# columns: test negative, positive.
PRIOR = np.array([[0.999], [0.001]], np.float32)
TEST = np.array([[0.95, 0.05], [0.01, 0.99]], np.float32)


def pictures(seed: int, draws: int, samples: int) -> list[Picture]:
  """Makes the picture of this module.

  Args:
    seed: seed of all random draws.
    draws: number of random tables for the claims.
    samples: number of people tested per table.
  """
  random = np.random.default_rng(seed)
  return [
    bayes_picture(
      people(random, draws * samples), chance.tables(random, draws, 3, 4, 5)
    )
  ]


def people(random: np.random.Generator, count: int) -> np.ndarray:
  """Draws the number of people [2, 2] by health (rows) and test result (columns)."""
  p = np.float64(PRIOR * TEST).ravel()
  return random.multinomial(count, p / p.sum()).reshape(2, 2)


def bayes_picture(tested: np.ndarray, random: Array) -> Picture:
  """Draws the probability of illness after positive tests, independent given health.

  Args:
    tested: number of people [2, 2], healthy or ill (rows), with a negative or positive
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

  def both(joint):  # by Bayes' theorem and by the table itself
    prior = probability.marginal(joint, 0)
    turned = probability.bayes(prior, probability.conditional(joint, 0))
    return turned, probability.conditional(joint, 1, 2)

  turned, straight = chance.over(both, random)

  def show():
    titles = 'P(ill) = 1 in 1,000 before', 'after one positive test'
    figure, (left, right) = draw.panels(7.5, 2.9, 2, titles=titles)
    left.bar(range(4), ill, color=draw.BLUE)
    for n, value in enumerate(ill):
      left.annotate(f'{value:.1%}', (n, value), ha='center', va='bottom')
    left.set(xlabel='positive tests, one after another', ylabel='P(ill | tests)')
    left.set(xticks=range(4), ylim=(0, 1.08))
    prior = np.geomspace(1e-4, 0.5, 100, dtype=np.float32)
    posterior = update(np.stack([1 - prior, prior]), found)[1]
    right.plot(prior, posterior, color=draw.BLUE, lw=2)
    right.plot(PRIOR[1, 0], ill[1], 'o', color=draw.ORANGE)
    right.annotate(f'1 in 1,000: {ill[1]:.1%}', (5e-4, 0.08), ha='center')
    right.set(xscale='log', xlabel='P(ill) before the test', ylim=(-0.04, 1.08))
    right.set_ylabel('P(ill | positive)')
    return figure

  return Picture(
    'Bayes: what a positive test says',
    'A disease affects 1 in 1,000 people. A test is positive for 99 % of the ill and '
    'for 5 % of the healthy. Of 100,000 people it finds 99 who are ill and 4,995 who '
    'are healthy, so that a patient with one positive test is most likely healthy. '
    'Further tests are assumed independent given health.',
    show,
    (
      claims.identity(
        'P(h | e) = P(e | h) P(h) / P(e) is the conditional probability of the joint '
        'table',
        turned,
        straight,
        1e-6,
      ),
      Claim(
        'Most people with a positive test of a rare disease are healthy',
        ill[1] < 0.5 and abs(share - ill[1]) < 4 * sure,
        f'P(ill | positive) = {ill[1]:.2%}; {share:.2%} of the {positive:,} people '
        f'who tested positive, of {tested.sum():,} drawn, are ill',
      ),
      Claim(
        'Every further positive test raises the probability of illness, if tests are '
        'independent given health',
        all(later > earlier for earlier, later in itertools.pairwise(ill)),
        ', '.join(f'{value:.1%}' for value in ill),
      ),
    ),
  )
