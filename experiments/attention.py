"""One look of a decoder at four words: the lecture's numbers, drawn. Lecture 9.

    python -m experiments.attention      # two pictures, 3 s

The dot products of the decoder's state with those of the words, their softmax (.85,
.03, .05, .07), the weighted sum, and the 8 numbers that the output layer reads; and
what larger dot products do. `python -m experiments.seq2seq` trains such a decoder.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.networks import attention
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  pass


TINY = Config()


def draw(c: Config) -> list[Picture]:
  """Draws the example."""
  del c  # nothing is drawn at random
  return attention.pictures()


if __name__ == '__main__':
  launch.main(__name__)
