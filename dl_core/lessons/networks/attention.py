"""Dot-product attention on four words, number by number.

The lecture's figures: a decoder's state of 4 numbers is compared with the encoder's
states of four words; the softmax of the dot products is .85, .03, .05 and .07; the
weighted sum of the states, 4 numbers, goes beside the decoder's own 4 into the output
layer, which reads 8. The states are made up here, so that they give these weights.

Shapes: S words, H numbers of a state.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.layers import attention
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

WORDS = ('are', 'you', 'free', 'tomorrow')
WEIGHTS = np.array([0.85, 0.03, 0.05, 0.07])
KEYS = np.array(
  [
    [0.9, 0.1, -0.3, 0.4],
    [-0.5, 0.8, 0.2, -0.1],
    [0.1, -0.4, 0.9, -0.3],
    [-0.2, 0.3, -0.1, 0.7],
  ]
)  # [S, H], a state of the encoder for each word
SCALES = np.linspace(0, 3, 61)  # by which the decoder's state is multiplied


class Looked(NamedTuple):
  """What one look gives: scores [S], weights [S], context [H], the 2H inputs."""

  scores: np.ndarray
  weights: np.ndarray
  context: np.ndarray
  inputs: np.ndarray


def state() -> np.ndarray:
  """Returns the decoder's state h [H] that has the lecture's weights.

  h · h_s = log α_s + c for every word: four equations for the 4 numbers of h, whatever
  c is; it is chosen so that the scores sum to 0.
  """
  scores = np.log(WEIGHTS)
  return np.linalg.solve(KEYS, scores - scores.mean())


def look(h: np.ndarray, keys: np.ndarray) -> Looked:
  """Looks at states [S, H] with a decoder's state [H], by the layers of the model."""
  query, memory = jnp.asarray(h)[None, None], jnp.asarray(keys)[None]
  scores = attention.dot(query, memory)
  weights = attention.softmax(scores, jnp.ones((1, len(keys)), bool))
  context = attention.mixed(weights, memory)
  inputs = jnp.concatenate([query, context], axis=-1)
  return Looked(
    *(np.asarray(each)[0, 0] for each in (scores, weights, context, inputs))
  )


def pictures() -> list[Picture]:
  """Draws the example, and what larger dot products do."""
  h = state()
  found = look(h, KEYS)
  wider = np.array([look(scale * h, KEYS).weights for scale in SCALES])  # [K, S]
  by_hand = np.exp(KEYS @ h) / np.exp(KEYS @ h).sum()
  order = np.argsort(found.scores)
  return [
    Picture(
      'One look at four words',
      'Left: the dot products of the state of the decoder with those of the words. '
      'Middle: their softmax. Right: the 8 numbers that the output layer reads, the '
      'decoder’s own 4 and the weighted sum of the 4 of each word.',
      lambda: drawn(found),
      (
        claims.identity(
          'The softmax of the dot products is .85, .03, .05 and .07, as by hand',
          np.concatenate([found.weights, found.weights]),
          np.concatenate([WEIGHTS, by_hand]),
          1e-6,
        ),
        claims.identity(
          'The output layer reads 4 + 4 = 8 numbers: the state and the weighted sum',
          found.inputs,
          np.concatenate([h, WEIGHTS @ KEYS]),
          1e-6,
        ),
      ),
    ),
    Picture(
      'Larger dot products',
      'The weights if the state of the decoder is multiplied by a number: at 0 all dot '
      'products are 0 and all words have the same weight; the larger it is, the more '
      'the largest one takes.',
      lambda: grown(wider),
      (
        Claim(
          'The larger the dot product of a word, the larger its weight',
          bool(np.all(np.diff(found.weights[order]) > 0)),
          ', '.join(
            f'{WORDS[n]}: {found.scores[n]:.2f}, {found.weights[n]:.2f}' for n in order
          ),
        ),
        Claim(
          'The weight of the best word grows with the length of the state',
          bool(np.all(np.diff(wider[:, order[-1]]) > 0)),
          f'from {wider[0, order[-1]]:.2f} at 0 to {wider[-1, order[-1]]:.3f} at '
          f'{SCALES[-1]:g} times the state',
        ),
      ),
    ),
  ]


def drawn(found: Looked):
  """Draws scores, weights and the inputs of the output layer as bars."""
  titles = ['h · h_s', 'softmax', 'the output layer reads']
  figure, (scores, weights, inputs) = draw.panels(9, 2.8, 3, titles=titles)
  draw.bars(scores, {'': found.scores}, WORDS, [draw.GREY])
  draw.bars(weights, {'': found.weights}, WORDS, [draw.BLUE])
  for n, value in enumerate(found.weights):
    weights.text(n, value + 0.02, f'{value:.2f}', ha='center', fontsize=8)
  weights.set_ylim(0, 1)
  half = len(found.context)
  colours = [draw.ORANGE] * half + [draw.BLUE] * half
  inputs.bar(range(2 * half), found.inputs, color=colours)
  names = [f'h{n}' for n in range(1, half + 1)] + [f'c{n}' for n in range(1, half + 1)]
  inputs.set_xticks(range(2 * half), names, parse_math=False)
  for axes in (scores, inputs):
    draw.guide(axes, y=0)
  return figure


def grown(wider: np.ndarray):
  """Draws the weights [K, S] over the factors of the state."""
  figure, axes = draw.panel(
    5, 3, xlabel='the state of the decoder, times', ylabel='weight', ylim=(0, 1)
  )
  for n, (word, colour) in enumerate(zip(WORDS, draw.COLOURS, strict=False)):
    axes.plot(SCALES, wider[:, n], color=colour, label=word)
  draw.guide(axes, x=1)
  draw.legend(axes)
  return figure
