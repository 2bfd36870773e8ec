"""A command line read into settings: absl flags made of a dataclass, and its --help.

Nothing is declared in absl's global registry, so importing experiments declares none.
"""

import dataclasses
import difflib
import json
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar, cast

from absl import flags as absl_flags

from dl_core import config
from dl_core.types import UserError

S = TypeVar('S', bound=config.Settings)


class _Parser(absl_flags.ArgumentParser):
  """Turns the text of one flag into the value of its field."""

  def __init__(self, name: str, kind: Any, rule: config.Rule):
    self.name, self.kind, self.rule = name, kind, rule
    self.syntactic_help = ''

  def parse(self, text: Any) -> Any:
    try:
      value = config.read(self.kind, text) if isinstance(text, str) else text
    except ValueError:
      value = None
    if not self.rule.admits(self.kind, value):
      raise UserError(config.refusal(self.name, text, self.rule, self.kind))
    return value


def parse(
  cls: type[S], recipes: Mapping[str, Mapping[str, Any]], argv: Sequence[str]
) -> tuple[S, list[str]]:
  """Reads a command line into settings.

  Args:
    cls: class of the settings, such as an experiment's Config.
    recipes: {dataset: defaults that it brings with it}; explicit flags win.
    argv: the command line, the program's name first.

  Returns:
    The settings, and the arguments that are no flags.

  Raises:
    UserError: a flag is unknown (the sentence names the nearest one), or a value wrong.
  """
  values = absl_flags.FlagValues()
  values.set_gnu_getopt(True)
  for entry in dataclasses.fields(cls):
    rule, default = config.rule_of(cls, entry.name), cast(Any, entry.default)
    if entry.type is bool:
      absl_flags.DEFINE_boolean(entry.name, default, rule.help, flag_values=values)
    else:
      parser = _Parser(entry.name, entry.type, rule)
      absl_flags.DEFINE(parser, entry.name, default, rule.help, flag_values=values)
  try:
    rest = values(list(argv))[1:]
  except absl_flags.UnrecognizedFlagError as error:
    near = difflib.get_close_matches(error.flagname, list(values), n=1)
    hint = f'did you mean --{near[0]}?' if near else '--help lists the flags'
    raise UserError(
      f'--{error.flagname} was given, but there is no such flag here; {hint}'
    ) from None
  except (absl_flags.Error, UnicodeDecodeError) as error:
    text = ' '.join(str(error).split()).removeprefix('ERROR:: ')
    raise UserError(f'{text}; --help lists the flags and what they take') from None
  given = {name: values[name].value for name in values if values[name].present}
  for name in ('predict', 'explain', 'translate', 'prompt', 'export'):
    if given.get(name) == '':
      raise UserError(f'--{name}= was given without a value; give one, or drop it')
  dataset = str(given.get('dataset', getattr(cls, 'dataset', '')))
  return cls(**{**recipes.get(dataset, {}), **given}), rest


def command(module: ModuleType, name: str, c: config.Config) -> str:
  """Returns the command of a run with these settings, as one would type it.

  Args:
    module: of the experiment.
    name: of the experiment, for a module that was not imported as one.
    c: the settings; those that say how the run is executed are left out, except where
      it reads and writes and on which devices.
  """
  recipe = getattr(module, 'RECIPES', {}).get(c.dataset, {})
  kept = (config.settings(c, '').keys() | config.handed(c).keys() | {'workdir'}) - {
    'fresh', 'profile'
  }  # fmt: skip
  words = []
  for entry in dataclasses.fields(c):
    value = getattr(c, entry.name)
    if entry.name in kept and value != recipe.get(entry.name, entry.default):
      off = f'--no{entry.name}' if entry.type is bool and not value else ''
      shown = 'true' if value is True else config.stored(value)
      words.append(off or f'--{entry.name}={shown}')
  spec = getattr(module, '__spec__', None)
  return shlex.join(['python', '-m', spec.name if spec else name, *words])


def help_text(
  module_doc: str, cls: type[config.Settings], recipes: Mapping[str, Mapping[str, Any]]
) -> str:
  """Returns the text of `--help`: the docstring, the flags by group, the recipes."""
  groups: dict[str, list[str]] = {name: [] for name in config.GROUPS}
  for entry in dataclasses.fields(cls):
    groups[config.group_of(cls, entry.name)].append(line(cls, entry))
  parts = [module_doc.strip()]
  parts += [
    '\n'.join([f'{config.GROUPS[name]}:', *lines])
    for name, lines in groups.items()
    if lines
  ]
  if recipes:
    rows = (
      f'  --dataset={name:<16} '
      + ' '.join(f'--{k}={config.stored(v)}' for k, v in recipe.items())
      for name, recipe in recipes.items()
    )
    parts.append('Defaults that a data set brings with it:\n' + '\n'.join(rows))
  parts.append('Also: --flagfile=FILE, a file with one flag per line.')
  return '\n\n'.join(parts)


def line(cls: type[config.Settings], entry: Any) -> str:
  """Returns the lines of --help on one flag: its name, its help and [its default]."""
  rule, default = config.rule_of(cls, entry.name), config.stored(entry.default)
  listed = isinstance(entry.default, tuple)
  about = rule.help
  if rule.choices:
    about += f' ({"some" if listed else "one"} of {", ".join(rule.choices)})'
  shown = default if listed else json.dumps(default, ensure_ascii=False)
  shown = 'empty' if default == '' else shown
  name = f'  --{entry.name}' if entry.type is not bool else f'  --[no]{entry.name}'
  indent = '\n' + 27 * ' '
  return f'{name:<26} {indent.join(textwrap.wrap(f"{about} [{shown}]", 58))}'
