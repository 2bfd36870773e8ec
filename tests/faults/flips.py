"""Many flipped bits in checkpoints, each of which is noticed or changes nothing."""

import random
import shutil
import time
from collections import Counter

import numpy as np

from dl_core.train.checkpoint import Checkpoints
from dl_core.types import UserError
from tests.faults.place import flip

ARRAYS = 0.6  # share of the flips that hit the files of arrays


def many(place, count, seed):
  """Flips `count` bits, one at a time; returns what is wrong with some.

  A folder of two checkpoints of a real run is copied, a bit of the newer one flipped,
  and the newest good one read.
  """
  runs = place.stopped('flips')
  before, newest = runs.steps()[-2:]
  source, folder = runs.folder / 'checkpoints', place.folder / 'flipped'
  for step in runs.steps():
    if step not in (before, newest):
      shutil.rmtree(source / str(step))
  with Checkpoints(source, read_only=True) as store:
    saved = {step: _bytes(store.read(step, {}, ())) for step in (before, newest)}
  files = [file for file in (source / str(newest)).rglob('*') if file.stat().st_size]
  files = [file.relative_to(source) for file in files if file.is_file()]
  arrays = [file for file in files if 'd' in file.parts]
  others = [file for file in files if 'd' not in file.parts]
  sizes = [(source / file).stat().st_size for file in arrays]
  draw, began, seen, wrong = random.Random(seed), time.monotonic(), Counter(), []
  for number in range(count):
    if draw.random() < ARRAYS:
      kind, (file,) = 'arrays', draw.choices(arrays, sizes)
    else:
      kind, file = 'other files', draw.choice(others)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    place_, bit = draw.randrange((source / file).stat().st_size), draw.randrange(8)
    flip(folder / file, place_, bit)
    outcome = _outcome(folder, before, newest, saved)
    seen[kind, outcome] += 1
    if outcome not in GOOD:
      wrong.append(f'{file}, bit {bit} of byte {place_}: {outcome}')
      print(wrong[-1], flush=True)
    if (number + 1) % 100 == 0:
      print(f'{number + 1} flips, {len(wrong)} wrong', flush=True)
  print(f'{count} flipped bits ({time.monotonic() - began:.0f} s, seed {seed}):')
  for (kind, outcome), n in sorted(seen.items()):
    print(f'  {n:>5} in {kind}: {outcome}')
  return wrong


PASSED = 'named, moved aside, the checkpoint before it read, with the values saved'
SAME = 'nothing changed: the newest read, with the values saved'
GOOD = (PASSED, SAME)


def _outcome(folder, before, newest, saved):
  said = []
  try:
    with Checkpoints(folder, said.append) as store:
      step, leaves = store.newest({}, ())
  except UserError as error:
    return f'refused: {error}'
  except Exception as error:
    return f'{type(error).__name__}: {error}'
  if _bytes(leaves) != saved[step]:
    return f'OTHER VALUES restored at step {step}'
  aside = (folder / 'damaged' / str(newest)).is_dir()
  if step == newest and not said and not aside:
    return SAME
  told = len(said) == 1 and said[0].startswith(f'checkpoint {newest} is damaged (')
  return PASSED if step == before and told and aside else f'step {step}, said {said}'


def _bytes(leaves):
  return {
    name: (str(leaf.dtype), leaf.shape, np.asarray(leaf).tobytes())
    for name, leaf in leaves.items()
  }
