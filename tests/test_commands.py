"""Every command that documents and docstrings show exists and takes what it is given.

A word of capitals (DIR, FILE, NAME, N) stands for what the reader puts there.
"""

import ast
import dataclasses
import importlib
import re
import shlex
from pathlib import Path

import pytest

from dl_core.launch import flags
from dl_core.types import UserError

ROOT = Path(__file__).parent.parent
DOCUMENTS = ('README.md', 'BUILD_NOTES.md')
BEGINS = r'(?:[\w./]*python -m (?:experiments|dl_core|tests)\b|make(?: |$))'


def text_of(path):
  """Returns the text of a document, or the docstring of a module."""
  text = path.read_text(encoding='utf-8')
  return text if path.suffix == '.md' else ast.get_docstring(ast.parse(text)) or ''


def commands(text):
  """Returns the commands in code blocks, in indented lines and between backticks."""
  fences = re.compile(r'^ *```\w*\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)
  blocks = '\n'.join(fences.findall(text))
  prose = fences.sub('', text)
  lines = '\n'.join([blocks, *re.findall(r'^ {4}.*', prose, re.MULTILINE)])
  lines = re.sub(r'\\\n\s*', '', lines).splitlines()
  found = [line.partition(' #')[0].strip() for line in lines]
  found = [
    re.sub(rf'^.*?(?={BEGINS})', '', line) if 'python -m' in line else line
    for line in found
  ]
  spans = [' '.join(span.split()) for span in re.findall('`([^`]+)`', prose)]
  return [each for each in found + spans if re.match(BEGINS, each)]


SHOWN = {
  command: path.relative_to(ROOT)
  for path in [
    *map(ROOT.joinpath, DOCUMENTS), *ROOT.glob('experiments/*.py'),
    *ROOT.glob('dl_core/**/*.py'),
  ]
  for command in commands(text_of(path))
}  # fmt: skip
MAKEFILE = (ROOT / 'Makefile').read_text(encoding='utf-8')


def check_make(words):
  for word in words:
    name, is_variable, _ = word.partition('=')
    if is_variable:
      assert f'$({name})' in MAKEFILE, f'no target of make reads {name}'
    else:
      assert re.search(rf'^{re.escape(name)}:', MAKEFILE, re.MULTILINE), name


def check_experiment(module, words):
  settings = getattr(module, 'Config', None) or module.settings.Settings
  kinds = {entry.name: entry.type for entry in dataclasses.fields(settings)}
  given = []
  for word in words:
    name, _, value = word.removeprefix('--').partition('=')
    if re.fullmatch('[A-Z_]+', value) and kinds[name] is not str:
      continue  # N stands for a number, and the flag exists
    if word != '--help':
      given.append(word)
  _, rest = flags.parse(settings, getattr(module, 'RECIPES', {}), ['', *given])
  assert rest == []


def check_program(name, words):
  """Checks a program that parses its own flags: its package declares them."""
  path = ROOT.joinpath(*name.split('.'))
  assert path.with_suffix('.py').exists() or (path / '__main__.py').exists(), name
  files = (path if path.is_dir() else path.parent).glob('*.py')
  source = '\n'.join(file.read_text(encoding='utf-8') for file in files)
  for word in words:
    if word.startswith('--'):
      assert re.search(rf"'{word.partition('=')[0]}['=]", source), word


def check(command):
  command = re.sub(r'(=\w+)(\|\w+)+', r'\1', command)  # the first of alternatives
  words = shlex.split(command.rstrip("'") if command.count("'") % 2 else command)
  if words[0] == 'make':
    check_make(words[1:])
    return
  program, words = words[2], words[3:]
  if program == 'experiments.NAME':
    assert set(words) <= {'--help'}
  elif program.startswith('experiments.'):
    check_experiment(importlib.import_module(program), words)
  else:
    check_program(program, [word.strip('[]') for word in words])


@pytest.mark.parametrize('command', SHOWN)
def test_a_command_that_is_shown_exists_and_takes_its_flags(command):
  check(command)


@pytest.mark.parametrize('source', DOCUMENTS)
def test_documents_show_commands(source):
  assert {'python', 'make'} <= {
    command.split()[0].rpartition('/')[2]
    for command in commands(text_of(ROOT / source))
  }


@pytest.mark.parametrize(
  'command',
  [
    'make tea',
    'make data KIND=mnist',
    'python -m experiments.lenett',
    'python -m experiments.lenet --step=3',
    'python -m experiments.lenet --steps=-3',
    'python -m experiments.lenet digits',
    'python -m experiments.cifar_resnet --deep=N',
    'python -m dl_core.reports WORKDIR',
    'python -m dl_core.data NAME --dir=DIR',
  ],
)
def test_a_command_that_does_not_exist_is_seen(command):
  with pytest.raises((AssertionError, ImportError, KeyError, UserError)):
    check(command)
