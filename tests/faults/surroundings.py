"""Faults of what surrounds a run: its path, its streams, its terminal, its notebook."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from dl_core.train import workdir
from tests.faults.place import Seen, compared
from tests.runs import Runs, resumed

ROOT = Path(__file__).parents[2]


def brackets(place):
  folder = place.folder / '[course]' / 'run[1]'
  runs = Runs(folder, place.data_dir)
  runs.stop()
  on = resumed(runs.finish())
  assert on
  assert on >= 20
  return Seen(
    'a workdir named [course]/run[1], stopped by SIGTERM',
    f'resumed at step {on}',
    '143, 0',
    compared(runs.end(), place.whole()),
  )


def closed(place):
  """Stdout and stderr are closed from the start, and SIGTERM wants to be answered."""
  runs = place.runs('closed')
  script = ' '.join(map(_quoted, runs.command()))
  process = runs.start(['bash', '-c', f'exec 1>&- 2>&-; exec {script}'])
  runs.wait(process, 20)
  process.send_signal(signal.SIGTERM)
  process.communicate(timeout=300)
  assert process.returncode == 143, process.returncode
  text = (runs.folder / 'metrics.jsonl').read_text()
  assert all(json.loads(line) for line in text.splitlines()), text
  return Seen(
    'stdout and stderr closed before the start; SIGTERM',
    f'saved; {len(text.splitlines())} whole lines in metrics.jsonl, and nothing else',
    '143, then 0',
    place.lost(runs, 20),
  )


def hangup(place):
  codes = []
  runs = place.runs('hangup')
  process = runs.start()
  runs.wait(process, 20)
  process.stdout.close()  # the terminal is gone before the signal comes
  process.stderr.close()
  process.send_signal(signal.SIGHUP)
  codes.append(process.wait(timeout=300))
  assert codes == [129], codes
  ignoring = place.runs('nohup')
  command = ' '.join(map(_quoted, ignoring.command()))
  process = ignoring.start(['bash', '-c', f"trap '' HUP; exec {command}"])
  ignoring.wait(process, 20)
  process.stdout.close()
  process.stderr.close()
  process.send_signal(signal.SIGHUP)
  codes.append(process.wait(timeout=300))
  assert codes == [129, 0], codes
  lost = compared(ignoring.end(), place.whole())
  return Seen(
    'SIGHUP with the terminal closed; the same where SIGHUP is ignored, as by nohup',
    f'saved at step {runs.steps()[-1]} and resumed; ran on silently to the end',
    '129, then 0; 0',
    place.lost(runs, 20) if lost == 'nothing' else lost,
  )


def picture(place):
  runs = place.runs('picture')
  code, out, err = runs.call(runs.command(fault='picture:0-99'))
  assert code == 1, (code, out, err)
  assert err.startswith('error: '), err
  page = (runs.folder / 'report' / 'index.html').read_text()
  assert 'the picture of a test fails' in page
  assert workdir.finished(runs.folder)
  return Seen(
    'a picture of the report raises an error',
    f'trained, tested and reported; {err.strip()}',
    '1',
    compared(runs.end(), place.whole()),
  )


def notebook(place):
  backends, said = ('module://matplotlib_inline.backend_inline', 'nonsense'), []
  for number, backend in enumerate(backends):
    runs = place.runs(f'notebook-{number}', environment={'MPLBACKEND': backend})
    runs.finish()
    said.append('<svg' in (runs.folder / 'report' / 'index.html').read_text())
    lost = compared(runs.end(), place.whole())
  assert all(said)
  return Seen(
    f'MPLBACKEND={backends[0]}, as in notebooks; MPLBACKEND={backends[1]}',
    'a report with its pictures',
    '0, 0',
    lost,
  )


def records(place):
  place.whole()
  checkout = place.folder / 'checkout'
  checkout.mkdir()
  for name in ('README.md', 'RESULTS.md', 'results.jsonl'):
    shutil.copy(ROOT / name, checkout)
  for name in ('dl_core', 'experiments'):
    shutil.copytree(ROOT / name, checkout / name)
  before = (checkout / 'results.jsonl').read_text().splitlines()
  rows = []
  for number in range(8):
    folder = place.folder / f'recorded-{number}'
    shutil.copytree(place.runs('whole lenet').folder, folder)
    rows.append(folder)
  processes = [
    subprocess.Popen(
      [sys.executable, '-m', 'dl_core.report.record', folder], cwd=checkout,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    for folder in rows
  ]  # fmt: skip
  ends = [process.communicate(timeout=300) for process in processes]
  assert not any(process.returncode for process in processes), ends
  after = (checkout / 'results.jsonl').read_text().splitlines()
  assert all(json.loads(line) for line in after)
  assert set(before) <= set(after)
  assert '## Adding an experiment' in (checkout / 'README.md').read_text()
  return Seen(
    'eight processes record a run at the same time',
    f'{len(after) - len(before)} rows more; every file is whole',
    '0 each',
  )


def _quoted(word):
  return "'" + str(word).replace("'", "'\\''") + "'"
