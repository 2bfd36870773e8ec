"""Faults of processes: killed, stopped, started twice, of several one dead."""

import random
import shlex
import signal
import socket
import sys
import time

from tests.faults.place import Seen, compared, contents
from tests.runs import resumed


def kill(place):
  runs, at, on = place.runs('kill'), [], []
  for number in range(3):
    process = runs.start()
    runs.wait(process, random.randrange(5 + 15 * number, 20 + 15 * number))
    time.sleep(random.uniform(0, 0.05))
    process.kill()
    out, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    on.append(resumed(out))
    at.append(runs.steps()[-1] if runs.steps() else None)
  lost = place.lost(runs)
  return Seen(
    f'kill -9 three times at random; the last checkpoint was then {at}',
    f'went on from step {", ".join(map(str, on[1:]))} and the last one, to the end',
    '-9, then 0',
    lost,
  )


def kill_while_saving(place):
  runs, half = place.runs('kill-saving'), set()
  for _ in range(20):
    process = runs.start()
    runs.wait(process, 14)
    while process.poll() is None and not runs.unfinished():
      pass
    process.kill()
    out, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, (out, err)
    half, steps = runs.unfinished(), runs.steps()
    if half and steps:
      break
  assert half, 'no kill hit a checkpoint that was being written'
  lost = place.lost(runs, steps[0])
  assert not runs.unfinished()
  return Seen(
    f'kill -9 as soon as a checkpoint was being written; it left {min(half)[0]}',
    f'resumed from {steps[-1]}, the last whole one; what was half written is gone',
    '-9, then 0',
    lost,
  )


def signals(place):
  said, codes = [], []
  for number, times in ((signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGINT, 2)):
    runs = place.runs(f'signal-{number}-{times}')
    process = runs.start()
    runs.wait(process, 20)
    for _ in range(times):
      process.send_signal(number)
      time.sleep(0.001)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 128 + number, (process.returncode, out, err)
    codes.append(process.returncode)
    last = out.splitlines()[-1]
    if times == 1:
      assert last.startswith('saved; to go on: python -m experiments.lenet '), out
      command = shlex.split(last.removeprefix('saved; to go on: '))
      stopped = runs.steps()[-1]
      assert stopped >= 20
      out = runs.finish([sys.executable, *command[1:]])
      assert resumed(out) == stopped
      said.append(f'saved at step {stopped} and printed the command that went on')
    else:
      runs.finish()
      said.append('the second signal: stopped at once')
    lost = compared(runs.end(), place.whole())
    if lost != 'nothing':
      break
  done = 'SIGTERM; SIGINT; SIGINT twice'
  return Seen(done, '; '.join(said), ', '.join(map(str, codes)), lost)


def two_runs(place):
  runs = place.runs('race')
  processes = [runs.start() for _ in range(3)]
  ends = [process.communicate(timeout=300) for process in processes]
  codes = [process.returncode for process in processes]
  assert sorted(codes) == [0, 2, 2], (codes, ends)
  winner = processes[codes.index(0)].pid
  for code, (_, err) in zip(codes, ends, strict=True):
    if code == 2:
      assert err.startswith(f'error: process {winner} on '), err
      assert 'is at work in' in err, err
  return Seen(
    'three processes started at once in one workdir',
    'one went to the end; two refused: "process ... is at work in ..."',
    '0, 2, 2',
    compared(runs.end(), place.whole()),
  )


def again(place):
  place.whole()
  runs = place.runs('whole lenet')
  before = contents(runs.folder)
  out = runs.finish()
  assert 'is finished already; --fresh starts over' in out, out
  assert contents(runs.folder) == before
  return Seen(
    'the command of a finished run, given again',
    'said that it is finished and what it found; no file changed',
    '0',
  )


def thread(place):
  runs = place.stopped('thread', more=('--resident_bytes=0',))
  step = runs.steps()[-1]
  code, out, err = runs.call(runs.command(fault='thread:0-99'))
  sentence = err.splitlines()[-1]
  assert (code, resumed(out)) == (2, step), (code, out, err)
  assert 'the examples cannot be read any more' in sentence, err
  assert 'a thread that reads them has died' in sentence or 'SystemExit' in sentence
  return Seen(
    'the threads that read ahead were ended from outside, in a streamed run',
    sentence,
    '2, then 0',
    place.lost(runs),
  )


def memory(place):
  runs = place.stopped('memory')
  before = runs.steps()
  sentence = runs.refused(runs.command(fault='memory:0-99'))
  assert 'there is not enough memory (RESOURCE_EXHAUSTED: ' in sentence, sentence
  assert runs.steps() == before
  large = place.runs('large', 'char_lm')
  told = large.refused(large.command('--batch_size=50000000'))
  assert 'there is not enough memory (' in told, told
  return Seen(
    'a step that needs terabytes, in a stopped run; --batch_size=50000000',
    sentence,
    '2, 2, then 0',
    place.lost(runs),
  )


def two_processes(place):
  def pair(runs):
    with socket.socket() as found:
      found.bind(('127.0.0.1', 0))
      address = f'127.0.0.1:{found.getsockname()[1]}'
    flag = '--distributed={},2,{}'.format
    return [runs.start(runs.command(flag(address, index))) for index in range(2)]

  def end(runs):
    processes = pair(runs)
    ends = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    return ends[0][0], runs.end()

  runs, codes, seconds, told = place.runs('pair'), [], [], []
  for dies in (1, 0):
    processes = pair(runs)
    runs.wait(processes[0], 20 if dies else 40)
    processes[dies].kill()
    began = time.monotonic()
    _, err = processes[1 - dies].communicate(timeout=300)
    seconds.append(round(time.monotonic() - began))
    processes[dies].communicate()
    codes.append(processes[1 - dies].returncode)
    told.append(err.strip().splitlines()[-1])
    assert codes[-1] != 0
    assert seconds[-1] <= 60
  out, found = end(runs)
  assert resumed(out) >= 20, out
  return Seen(
    'of two processes the second was killed by kill -9, then of another two the first',
    f'the other ended after {seconds[0]} s ("{told[0]}") and {seconds[1]} s; the same '
    f'commands then went on from step {resumed(out)}',
    f'{codes[0]}, {codes[1]}, then 0',
    compared(found, end(place.runs('pair-whole'))[1]),
  )


def eight_devices(place):
  simulated = {'XLA_FLAGS': '--xla_force_host_platform_device_count=8'}
  for mesh, step in (('data:8', 15), ('data:2,fsdp:2', 35)):
    flags = {'more': (f'--mesh={mesh}',), 'environment': simulated}
    place.runs('eight', **flags).stop(step)
  runs = place.runs('eight')
  assert resumed(runs.finish()) >= 35
  ((_, found),), ((_, wanted),) = runs.end(), place.whole()
  assert len(found) == len(wanted)
  furthest = 0.0
  for a, b in zip(found, wanted, strict=True):
    furthest = max(furthest, abs(a['loss'] / b['loss'] - 1))
    assert furthest < (1e-5 if a['step'] <= 5 else 1e-3), (a, b)
  return Seen(
    'begun on 8 simulated devices (data:8), then on 4 (data:2,fsdp:2), then on 1',
    f'every loss is that of one device but for {furthest:.0e} of it (Adam)',
    '143, 143, 0',
  )
