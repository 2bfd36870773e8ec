"""Lists of translations into a language that has to be recognised.

"monday lundi march mars ..." is in one of fifteen languages, drawn at random for each
list; all of them occur in training. A list may be headed by its description, the name
of the language. Words whose form several languages share leave some of them possible.

The best possible answer is known exactly: all languages are equally likely before the
first pair, so the posterior is uniform over those that agree with the pairs so far.

Shapes: B lists, N pairs of each, K languages, C concepts.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import cldr, demonstrations, drawn
from dl_core.data.demonstrations import START, Demonstrations, Lists
from dl_core.types import Array, Key, UserError

TARGETS = tuple(cldr.LANGUAGES)[1:]  # from English, the first
COUNTRIES = 'DE FR ES IT PT NL SE FI PL HU TR RO CN JP IN RU BR EG GR NO AT DK MX BE CH'
TONGUES = 'en de fr es it pt nl sv fi pl hu tr ro cs zh ja hi ru ar el no da ko vi id'
CONCEPTS: tuple[cldr.Concept, ...] = (
  *(('month', str(number)) for number in range(1, 13)),
  *(('day', str(number)) for number in range(7)),
  *(('territory', code) for code in COUNTRIES.split()),
  *(('language', code) for code in TONGUES.split()),
)
STRIDE = 5  # of held-out neighbours, see `neighbours`
MOST = 10  # shots of a translation: a concept has 12 held-out neighbours
BATCHES = 32  # of each split


class Glossary(NamedTuple):
  """Words as tokens; forms that several languages share are one token.

  Attributes:
    words: of each token: the start token, the names of the languages, all forms.
    heads: int32 [K], tokens of the names of the languages.
    sources: int32 [C], tokens of the English words.
    forms: int32 [K, C], tokens of the words in each language.
  """

  words: tuple[str, ...]
  heads: np.ndarray
  sources: np.ndarray
  forms: np.ndarray


@functools.cache
def glossary() -> Glossary:
  """Reads the names of all concepts; each name is one token, even if it has spaces."""
  every = {code: cldr.names(code) for code in cldr.LANGUAGES}
  table = [[names[concept] for concept in CONCEPTS] for names in every.values()]
  heads = [f'{cldr.LANGUAGES[code]}:' for code in TARGETS]
  words = ('', *heads, *sorted(set().union(*table)))
  number = {word: token for token, word in enumerate(words)}
  tokens = np.array([[number[word] for word in row] for row in table], np.int32)
  return Glossary(
    words, np.array([number[head] for head in heads], np.int32), tokens[0], tokens[1:]
  )


def lists(shots: int, described: float) -> Demonstrations:
  """Makes lists of different words and their translations.

  Args:
    shots: N - 1.
    described: share of the lists that are headed by the name of their language.

  Raises:
    UserError: there are too many shots for the held-out lists.
  """
  if shots > MOST:
    raise UserError(
      f'--shots={shots} was given with --dataset=translations, whose held-out lists '
      f'have at most {MOST}; give fewer'
    )
  known = glossary()

  def draw(key: Key, size: int, split: str) -> Lists:
    task_key, head_key, concept_key = jax.random.split(key, 3)
    task = jax.random.randint(task_key, (size,), 0, len(known.forms))
    headed = jax.random.bernoulli(head_key, described, (size,))
    chosen = walk(concept_key, size, shots + 1, neighbours(split))
    answers = jnp.asarray(known.forms)[task[:, None], chosen]
    head = jnp.where(headed, jnp.asarray(known.heads)[task], START)
    return demonstrations.joined(head, jnp.asarray(known.sources)[chosen], answers)

  def optimum(x: np.ndarray) -> np.ndarray:
    place = np.zeros(len(known.words), int)
    place[known.sources] = np.arange(len(CONCEPTS))
    alive = (x[:, :1] == known.heads) | (x[:, :1] == START)
    return best(known.forms, alive, place[x[:, 1::2]], x[:, 2::2])

  return Demonstrations(
    source=f'translations-{shots}-{described:g}/{cldr.VERSION}',
    words=known.words,
    draw=draw,
    batches=BATCHES,
    optimum=optimum,
    notes=(
      f'{len(CONCEPTS)} words of CLDR in Babel {cldr.INSTALLED}, from English into '
      f'one of {len(TARGETS)} languages, drawn at random for each list.',
      'All words of all languages are in training. Held out are neighbours: two words '
      'that follow each other in a test list do so in no training list, so after one '
      'shot or more every test prompt is new.',
    ),
  )


def neighbours(split: str) -> np.ndarray:
  """Returns bool [C, C]: which concepts may follow each other in lists of a split.

  The concepts stand in a circle, in an order that a fixed seed draws. Two whose
  distance is a multiple of `STRIDE` follow each other in the test split alone, two
  with a remainder of 1 in validation alone, all others in training alone.
  """
  count = len(CONCEPTS)
  place = np.random.RandomState(0).permutation(count)
  apart = np.abs(place[:, None] - place)
  apart = np.minimum(apart, count - apart)
  owner = np.where(apart % STRIDE > 1, 0, 2 - apart % STRIDE)
  return (owner == drawn.SPLITS.index(split)) & (apart > 0)


def walk(key: Key, size: int, length: int, may_follow: np.ndarray) -> Array:
  """Draws different concepts int32 [B, N], each uniformly from those that may follow.

  Args:
    key: a key.
    size: B.
    length: N.
    may_follow: bool [C, C]; each row has N or more.
  """
  rows = jnp.arange(size)

  def step(carry, key):
    free, allowed = carry
    order = jax.random.uniform(key, free.shape)
    chosen = jnp.argmax(jnp.where(free & allowed, order, -1), axis=1)
    return (free.at[rows, chosen].set(False), jnp.asarray(may_follow)[chosen]), chosen

  every = jnp.ones((size, len(may_follow)), bool)
  _, found = jax.lax.scan(step, (every, every), jax.random.split(key, length))
  return found.T.astype(jnp.int32)


def best(
  forms: np.ndarray, alive: np.ndarray, chosen: np.ndarray, answers: np.ndarray
) -> np.ndarray:
  """Returns the probability of the likeliest answer, given the pairs so far.

  Args:
    forms: [K, C], the answer of each language to each concept.
    alive: bool [B, K], the languages that are possible before the first pair.
    chosen: [B, N], concepts.
    answers: [B, N - 1], the answers to all of them but the last.

  Returns:
    Float [B, N]: the share of the possible languages that have the most common answer.
  """
  found = []
  for number, concept in enumerate(chosen.T):
    said = forms[:, concept].T  # [B, K]
    equal = (said[:, :, None] == said[:, None]) & alive[:, None]
    found.append((equal.sum(axis=2) * alive).max(axis=1) / alive.sum(axis=1))
    if number < answers.shape[1]:
      alive = alive & (said == answers[:, number, None])
  return np.stack(found, axis=1)
