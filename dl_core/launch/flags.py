"""A command line read into settings: absl flags made of a dataclass, and its --help.

Nothing is declared in absl's global registry, so importing experiments declares none.
"""

import dataclasses
import difflib
import json
import textwrap
from collections.abc import Mapping, Sequence
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
      value = text if isinstance(text, self.kind) else self.kind(text)
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
    cls: what they are, an experiment's Config for one.
    recipes: {dataset: defaults that it brings with it}; explicit flags win.
    argv: the command line, the program's name first.

  Returns:
    The config, and the arguments that are no flags.

  Raises:
    UserError: an unknown flag (with the nearest one that exists) or a wrong value.
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
    raise UserError(f'--{error.flagname} is no flag here; {hint}') from None
  except (absl_flags.Error, UnicodeDecodeError) as error:
    text = ' '.join(str(error).split()).removeprefix('ERROR:: ')
    raise UserError(f'{text}; --help lists the flags and what they take') from None
  given = {name: values[name].value for name in values if values[name].present}
  for name in ('predict', 'prompt', 'export'):
    if given.get(name) == '':
      raise UserError(f'--{name}= was given without a value; give one, or drop it')
  dataset = str(given.get('dataset', getattr(cls, 'dataset', '')))
  return cls(**{**recipes.get(dataset, {}), **given}), rest


def help_text(
  module_doc: str, cls: type[config.Settings], recipes: Mapping[str, Mapping[str, Any]]
) -> str:
  """Returns what `--help` prints: the docstring, every flag, the recipes."""
  own: list[str] = []
  common: list[str] = []
  shared = set()
  if issubclass(cls, config.Drawing):
    base = config.Config if issubclass(cls, config.Config) else config.Drawing
    shared = {entry.name for entry in dataclasses.fields(base)}
  for entry in dataclasses.fields(cls):
    rule = config.rule_of(cls, entry.name)
    about = f'{rule.help} ({rule.wanted(entry.type)})' if rule.choices else rule.help
    default = json.dumps(entry.default) if entry.default != '' else 'empty'
    name = f'  --{entry.name}' if entry.type is not bool else f'  --[no]{entry.name}'
    lines = textwrap.wrap(f'{about} [{default}]', 58)
    text = ('\n' + 27 * ' ').join(lines)
    (common if entry.name in shared else own).append(f'{name:<26} {text}')
  parts = [module_doc.strip()]
  if own:
    parts.append('Flags of its own:\n' + '\n'.join(own))
  if common:
    parts.append('Flags of every experiment:\n' + '\n'.join(common))
  if recipes:
    rows = (
      f'  --dataset={name:<16} ' + ' '.join(f'--{k}={v}' for k, v in recipe.items())
      for name, recipe in recipes.items()
    )
    parts.append('Defaults that a data set brings with it:\n' + '\n'.join(rows))
  parts.append('Also: --flagfile=FILE (one flag a line).')
  return '\n\n'.join(parts)
