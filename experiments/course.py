"""The course as one page: every claim of the lectures with its evidence.

    python -m experiments.course                       # course/index.html, from records
    python -m experiments.course --lectures=6,7 --language=ko
    python -m experiments.course --lectures=8 --run    # makes the runs that are missing

Runs in --runs are shown with their pictures and reports; for other experiments the page
has the recorded result and the command that reproduces it. --run makes missing runs one
after another; after an interruption, the same command continues.
"""

import dataclasses
import sys
from pathlib import Path

import experiments
from dl_core import config, launch
from dl_core.course import book, evidence, making, plan, texts
from dl_core.report import record
from dl_core.runtime import streams
from dl_core.types import UserError

PACKAGE = Path(__file__).parent
FILES = PACKAGE / 'lectures'
LANGUAGES = ('en', 'ko')


@dataclasses.dataclass(frozen=True)
class Config(config.Settings):
  lectures: tuple[str, ...] = config.field(
    (), 'lectures and chapters to show, as in 6,7,transformer; empty: all', empty=True
  )
  language: str = config.field('en', 'language of index.html', choices=LANGUAGES)
  run: bool = config.field(False, 'make the runs that are missing, one after another')
  runs: str = config.field('runs', 'folder with the workdirs of runs')
  out: str = config.field('course', 'folder to write the page to')


def main(s: Config) -> int:
  """Writes the page; returns the exit code."""
  sections = plan.chosen(plan.read(FILES / 'plan.toml'), s.lectures)
  languages = [texts.read(FILES / f'{name}.toml') for name in LANGUAGES]
  own = languages[LANGUAGES.index(s.language)]
  commands = [command for section in sections for command in section.commands]
  runs = config.path(s.runs)

  def known() -> evidence.Known:
    names = 'results.jsonl', 'claims.jsonl'
    return evidence.known(runs, *(evidence.text(record.ROOT / n) for n in names))

  def write() -> Path:
    present = known()
    found = {command: evidence.of(command, present) for command in commands}
    try:
      return book.write(
        book.Book(sections, found, languages, PACKAGE, config.path(s.out)), s.language
      )
    except OSError as error:
      raise UserError(
        f'--out={s.out} was given, but the page cannot be written there ({error}); '
        'name another folder'
      ) from None

  code, page = 0, write()
  if s.run:
    present = known()
    due = missing([evidence.of(command, present) for command in commands], runs)
    say = lambda line: streams.write(sys.stderr, f'{line}\n')
    code, failed = making.make(
      due, experiments.__name__, own, say, lambda each: write()
    )
    if code > 128:
      say(own('page.again'))
    elif failed:
      say(own('page.left', commands=', '.join(failed)))
  streams.write(sys.stdout, f'{own("page.written", path=page)}\n')
  return code


def missing(found: list[evidence.Evidence], runs: Path) -> list[making.Due]:
  """Returns the runs that are not there, the quickest first, untimed ones last."""
  due = [
    making.Due(
      each.command,
      runs / each.anchor,
      each.summary.seconds if each.summary else None,
    )
    for each in found
    if each.folder is None
  ]
  return sorted(due, key=lambda each: (each.seconds is None, each.seconds or 0))


if __name__ == '__main__':
  sys.exit(launch.command(Config, __doc__ or '', sys.argv, main))
