"""A BigGAN refuses sizes that it has no networks, or no maps, of."""

import dataclasses

import pytest

from dl_core.types import UserError
from experiments import biggan


@pytest.mark.parametrize(
  ('changes', 'sentence'),
  [
    ({'size': 28}, r'--size=28 was given, but there are networks for 16, 32'),
    ({'attention': 12}, r'--attention=12 was given with --size=16, .* 8 pixels'),
    ({'size': 32, 'attention': 32}, r'--attention=32 was given .* 8, 16 pixels'),
  ],
)
def test_other_sizes_are_refused(changes, sentence):
  with pytest.raises(UserError, match=sentence):
    biggan.build(dataclasses.replace(biggan.TINY, **changes))
