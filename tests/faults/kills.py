"""Many runs, each killed at random moments and given the same command again."""

import random
import shutil
import signal
import time
from collections import Counter
from concurrent import futures

from dl_core.train import workdir
from tests.faults.place import compared
from tests.runs import STEPS

CASES = ('lenet', 'char_lm')


def many(place, count, workers, seed):
  """Kills `count` runs and takes them to their ends; returns what is wrong with some.

  Args:
    place: where.
    count: of runs, half of them of each experiment.
    workers: runs at a time.
    seed: draws the moments.
  """
  seconds = {case: _seconds(place, case) for case in CASES}
  began, when, wrong = time.monotonic(), Counter(), []
  with futures.ThreadPoolExecutor(workers) as pool:
    todo = [pool.submit(one, place, n, seconds, seed) for n in range(count)]
    for number, each in enumerate(futures.as_completed(todo), 1):
      moments, differs = each.result()
      when.update(moments)
      wrong += [differs] if differs else []
      if number % 10 == 0 or differs:
        print(f'{number} runs, {when.total()} kills, {len(wrong)} differ', flush=True)
  print(
    f'{count} runs of {" and ".join(CASES)}, each killed at least once: {when.total()} '
    f'kills ({", ".join(f"{n} {name}" for name, n in when.most_common())}); '
    f'{count - len(wrong)} ends are those of uninterrupted runs, bit for bit '
    f'({time.monotonic() - began:.0f} s, seed {seed})'
  )
  return wrong


def _seconds(place, case):
  """Takes the time of a run that nobody interrupts, all of it compiled before."""
  place.whole(case)
  runs, began = place.runs(f'timed-{case}', case), time.monotonic()
  runs.finish()
  return time.monotonic() - began


def one(place, number, seconds, seed):
  """Kills one run once or twice: ([the moments], what differs at the end or '')."""
  draw = random.Random(f'{seed} {number}')
  case = CASES[number % len(CASES)]
  runs, moments = place.runs(f'kill-{number}', case), []
  kills = draw.randint(1, 2)
  while len(moments) < kills:
    before, process = runs.unfinished(), runs.start()
    if draw.random() < 0.4:  # any time, most likely before the first step
      time.sleep(draw.uniform(0.1, seconds[case]))
    else:  # in the loop, an evaluation or the writing of a checkpoint
      step = draw.randrange(STEPS)
      while process.poll() is None and not runs.at(step):
        time.sleep(0.002)
      time.sleep(draw.uniform(0, 0.05))
    process.kill()
    out, err = process.communicate()
    if process.returncode == -signal.SIGKILL and not workdir.finished(runs.folder):
      moments.append(_moment(out, runs.unfinished() - before))
    else:
      assert process.returncode in (0, -signal.SIGKILL), (out, err)
      shutil.rmtree(runs.folder)  # it had finished: again, from its beginning
      moments.clear()
  runs.finish()
  differs = compared(runs.end(), place.whole(case))
  if differs == 'nothing':
    shutil.rmtree(runs.folder)
    return moments, ''
  return moments, f'{case}, killed {", ".join(moments)} ({runs.folder}): {differs}'


def _moment(out, unfinished):
  if 'first step after' not in out:
    return 'before its first step'
  if unfinished:
    return 'while a checkpoint was written'
  if f'step {STEPS}/{STEPS}' in out:
    return 'after its last step'
  return 'between steps'
