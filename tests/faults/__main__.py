"""Makes every fault that a run must survive really happen, and says what came of it.

    python -m tests.faults                             # a table of twenty-five faults
    python -m tests.faults --only=disk
    python -m tests.faults --kills=100 --flips=1000    # and these after it

Every fault is made in a run like a user's; then the same command is given again, and
what it ends with is compared with a run that nobody interrupts, bit for bit.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
import textwrap
import time
import traceback
from concurrent import futures

os.environ['JAX_PLATFORMS'] = 'cpu'

from tests.faults import files, flips, kills, processes, surroundings, values
from tests.faults.place import Place, Seen

FAULTS = {
  'kill -9 at a random step': processes.kill,
  'kill during an asynchronous save': processes.kill_while_saving,
  'SIGTERM, SIGINT': processes.signals,
  'truncated or bit-flipped checkpoint': files.damaged_checkpoints,
  'disk full': files.full_disk,
  'read-only or missing folder': files.closed_disk,
  'NaN or Inf in a batch or gradient': values.not_finite,
  'loss spike': values.spike,
  'bad flag, unknown experiment': values.words,
  'corrupt record, missing file': files.damaged_records,
  'checkpoint of another shape, type or model': files.other_checkpoints,
  'other settings on resume': values.drift,
  'two processes, one dies': processes.two_processes,
  '8 simulated devices': processes.eight_devices,
  'two runs in one workdir': processes.two_runs,
  'called again after its end': processes.again,
  'a data thread that dies': processes.thread,
  'log files torn by a crash': files.torn_logs,
  'out of memory': processes.memory,
  'brackets in the path': surroundings.brackets,
  'closed descriptors': surroundings.closed,
  'the terminal closes': surroundings.hangup,
  'a picture that fails': surroundings.picture,
  "a notebook's backend": surroundings.notebook,
  'eight records at once': surroundings.records,
}
HEADER = ('fault', 'what was done', 'what happened', 'exit code', 'lost')
WIDTHS = (20, 36, 56, 9, 8)


def seen(fault, place):
  """Makes one fault: (its row, what is wrong with it or '')."""
  try:
    row = FAULTS[fault](place)
  except Exception as error:
    row = Seen('', f'NOT AS IT MUST BE: {str(error)[:200]}', '', '?')
    return row, traceback.format_exc()
  row = Seen(*(cell.replace(f'{place.folder}/', '') for cell in row))
  return row, '' if row.lost == 'nothing' else f'lost: {row.lost}'


def text(*cells):
  """Lays a row of the table out in columns."""
  wrap = lambda cell, width: textwrap.wrap(cell, width) or ['']
  columns = [wrap(cell, width) for cell, width in zip(cells, WIDTHS, strict=True)]
  height = max(map(len, columns))
  padded = [column + [''] * (height - len(column)) for column in columns]
  lines = zip(*padded, strict=True)
  return '\n'.join(
    ' | '.join(f'{part:<{width}}' for part, width in zip(line, WIDTHS, strict=True))
    for line in lines
  )


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--only', default='', help='faults whose names have this in them')
  parser.add_argument('--kills', type=int, default=0, help='runs to kill at random')
  parser.add_argument('--flips', type=int, default=0, help='bits to flip')
  parser.add_argument('--workers', type=int, default=max(1, (os.cpu_count() or 2) // 2))
  parser.add_argument('--seed', type=int, default=random.randrange(10**6))
  given = parser.parse_args()
  # Some machines promise any amount of memory, and kill who asks for what they have.
  _, hard = resource.getrlimit(resource.RLIMIT_AS)
  resource.setrlimit(resource.RLIMIT_AS, (2**40, hard))
  wanted = [fault for fault in FAULTS if given.only in fault]
  wrong, began = [], time.monotonic()
  rule = '-+-'.join('-' * width for width in WIDTHS)
  with tempfile.TemporaryDirectory() as folder:
    place = Place(folder)
    print('\n'.join([text(*HEADER), rule]), flush=True)
    with futures.ThreadPoolExecutor(given.workers) as pool:
      rows = pool.map(lambda fault: seen(fault, place), wanted)
      for fault, (row, differs) in zip(wanted, rows, strict=True):
        print('\n'.join([text(fault, *row), rule]), flush=True)
        if differs:
          wrong.append(f'{fault}: {differs}')
    print(
      f'{len(wanted)} faults in {time.monotonic() - began:.0f} s: '
      f'{len(wanted) - len(wrong)} as they must be, {len(wrong)} not',
      flush=True,
    )
    if given.kills:
      wrong += kills.many(place, given.kills, given.workers, given.seed)
    if given.flips:
      wrong += flips.many(place, given.flips, given.seed)
  for each in wrong:
    print(f'WRONG: {each}')
  return 1 if wrong else 0


if __name__ == '__main__':
  sys.exit(main())
