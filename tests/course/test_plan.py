"""The plan of the page: every row, every experiment, every correction has its place."""

import collections
import importlib
import re
import shlex
from pathlib import Path

import pytest

from dl_core.course import plan, texts
from dl_core.launch import flags
from dl_core.types import UserError

ROOT = Path(__file__).parents[2]
FILES = ROOT / 'experiments' / 'lectures'
SECTIONS = plan.read(FILES / 'plan.toml')
EN, KO = (texts.read(FILES / f'{name}.toml') for name in ('en', 'ko'))
ROWS = [row for section in SECTIONS for row in section.rows]
COMMANDS = [command for section in SECTIONS for command in section.commands]


def test_every_row_of_the_notes_is_there_once():
  count = collections.Counter(re.sub(r'\d+$', '', row.key) for row in ROWS)
  assert count == {
    'F': 11, 'N': 17, 'C': 9, 'V': 15, 'R': 17, 'S': 9, 'P': 11, 'G': 6, 'U': 14
  }  # fmt: skip
  assert len({row.key for row in ROWS}) == len(ROWS)


def test_every_row_has_an_experiment_or_the_reason_why_not():
  for each in (EN, KO):
    lacking = {row.key for row in ROWS if not row.commands}
    reasons = {key for key in each.under('rows') if key.endswith('.why')}
    assert lacking <= {key.removesuffix('.why') for key in reasons}
    assert {row.key for row in ROWS} == {
      key.removesuffix('.text') for key in each.under('rows') if key.endswith('.text')
    }


def test_thirteen_lectures_come_first_and_six_chapters_follow():
  keys = [section.key for section in SECTIONS]
  assert keys[:13] == [str(n) for n in range(1, 14)]
  assert len(keys) == 19
  titled = {k.split('.')[0] for k in EN.under('sections')}
  assert titled == set(keys)


def test_every_correction_stands_in_one_section():
  placed = [each for section in SECTIONS for each in section.errata]
  assert sorted(placed) == sorted(EN.under('errata'))


def test_every_experiment_has_one_place():
  files = {path.stem for path in (ROOT / 'experiments').glob('[!_]*.py')}
  placed = {command.split()[0] for command in COMMANDS}
  assert placed == files - {'benchmark', 'course'}
  assert len(COMMANDS) == len(set(COMMANDS))


def test_related_rows_exist():
  keys = {row.key for row in ROWS}
  assert {each for section in SECTIONS for each in section.related} <= keys


@pytest.mark.parametrize('command', [c for c in COMMANDS if '--' in c])
def test_commands_take_their_flags(command):
  name, *words = shlex.split(command)
  module = importlib.import_module(f'experiments.{name}')
  recipes = getattr(module, 'RECIPES', {})
  _, rest = flags.parse(module.Config, recipes, [name, *words])
  assert rest == []


def test_lectures_are_chosen_and_an_unknown_one_is_refused():
  chosen = plan.chosen(SECTIONS, ('transformer', '6'))
  assert [section.key for section in chosen] == ['6', 'transformer']
  assert plan.chosen(SECTIONS, ()) == SECTIONS
  with pytest.raises(UserError, match="'14' is unknown; name some of 1, 2"):
    plan.chosen(SECTIONS, ('14',))


def test_a_row_of_no_section_is_refused(tmp_path):
  path = tmp_path / 'plan.toml'
  path.write_text('[[section]]\nkey = 1\nrows = []\n[rows]\nX1 = []\n')
  with pytest.raises(UserError, match='X1'):
    plan.read(path)
