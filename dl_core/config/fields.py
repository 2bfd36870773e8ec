"""A field of settings: its default, its help, the values that it admits."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from dl_core.types import UserError

FIELDS = '__dataclass_fields__'
# Groups of flags as --help shows them, in this order; '' is what an experiment adds.
GROUPS = {
  '': 'Flags of this experiment',
  'run': 'The run',
  'data': 'Data',
  'device': 'Device',
  'trained': 'With a trained workdir, instead of training',
  'rare': 'Rarely needed',
}


def field(
  default: Any,
  help: str,
  *,
  low: float | None = None,
  above: float | None = None,
  below: float | None = None,
  high: float | None = None,
  choices: Sequence[str] = (),
  empty: bool = False,
  how: bool = False,
  handed: bool = False,
  group: str = '',
) -> Any:
  """Declares a setting.

  Args:
    default: the value unless given; its type is the field's annotation: int, float,
      str, bool, or a tuple of one of the first three, such as tuple[int, ...].
    help: a phrase that stands by itself, in lower case, with unit and the meaning of
      the default.
    low, above, below, high: bounds: value >= low, value > above, value < below, value
      <= high; those of a tuple hold for each element, as `choices` do.
    choices: the names that a string may take.
    empty: whether a tuple may be empty.
    how: True for how a run is executed, which does not change its result.
    handed: True where a study hands its value down to its runs.
    group: one of `GROUPS`; a subclass that declares the field again keeps it.
  """
  rule = Rule(help, low, above, below, high, tuple(choices), empty, how, handed, group)
  return dataclasses.field(default=default, metadata={'rule': rule})


@dataclasses.dataclass(frozen=True)
class Rule:
  """The values that a field admits; see `field`."""

  help: str = ''
  low: float | None = None
  above: float | None = None
  below: float | None = None
  high: float | None = None
  choices: tuple[str, ...] = ()
  empty: bool = False
  how: bool = False
  handed: bool = False
  group: str = ''

  def wanted(self, kind: Any) -> str:
    """Returns the admitted values in words: 'an integer of at least 1 is wanted'."""
    element, listed = element_of(kind)
    bounds = (
      ('of at least', self.low),
      ('above', self.above),
      ('below', self.below),
      ('at most', self.high),
    )
    limits = ' and '.join(f'{word} {b}' for word, b in bounds if b is not None)
    one = {int: 'an integer', float: 'a finite number', bool: 'true or false'}
    several = {int: 'whole numbers', float: 'finite numbers', str: 'names'}
    words = (several if listed else one).get(element, 'a string')
    if self.choices:
      words = ('some of ' if listed else 'one of ') + ', '.join(self.choices)
    text = f'{words} {limits}'.strip()
    return f'{text}, separated by commas, are wanted' if listed else f'{text} is wanted'

  def admits(self, kind: Any, value: Any) -> bool:
    """Returns whether `value` has the type `kind` and lies inside the bounds."""
    element, listed = element_of(kind)
    if listed:
      return (
        isinstance(value, tuple)
        and (self.empty or bool(value))
        and all(each not in ('', None) for each in value)
        and all(self.admits(element, each) for each in value)
      )
    number = kind is float and type(value) is int
    if type(value) is not kind and not number:
      return False
    if self.choices:
      return value in self.choices
    return (kind is str or math.isfinite(value)) and not (
      (self.low is not None and value < self.low)
      or (self.above is not None and value <= self.above)
      or (self.below is not None and value >= self.below)
      or (self.high is not None and value > self.high)
    )


class Listed(tuple):
  """A tuple read from text. It keeps the text, which is part of a run's identity."""

  text: str


def element_of(kind: Any) -> tuple[Any, bool]:
  """Returns the type of a field or of its elements, and whether it is a tuple."""
  listed = get_origin(kind) is tuple
  return (get_args(kind)[0] if listed else kind), listed


def read(kind: Any, text: str) -> Any:
  """Returns the value of type `kind` that a text stands for: '64,256' is (64, 256).

  Raises:
    ValueError: the text stands for no such value.
  """
  element, listed = element_of(kind)
  if not listed:
    return kind(text)
  values = Listed(map(element, text.split(',')) if text else ())
  values.text = text
  return values


def stored(value: Any) -> Any:
  """Returns a value as config.json keeps it: (64, 256) is '64,256'."""
  if isinstance(value, Listed):
    return value.text
  if isinstance(value, tuple):
    return ','.join(str(each).removesuffix('.0') for each in value)
  return value


@dataclasses.dataclass(frozen=True)
class Settings:
  """Fields that are flags.

  Raises:
    UserError: a value has another type or is out of bounds.
  """

  def __post_init__(self):
    for entry in dataclasses.fields(self):
      rule, value = rule_of(type(self), entry.name), getattr(self, entry.name)
      if not rule.admits(entry.type, value):
        raise UserError(refusal(entry.name, value, rule, entry.type))


def rule_of(cls: type, name: str) -> Rule:
  """Returns the rule of a field as declared last along the MRO."""
  for base in cls.__mro__:
    entry = base.__dict__.get(FIELDS, {}).get(name)
    if entry is not None and 'rule' in entry.metadata:
      return entry.metadata['rule']
  return Rule()


def group_of(cls: type, name: str) -> str:
  """Returns the group of a field, as declared last along the MRO."""
  bases = [base for base in cls.__mro__ if name in base.__dict__.get(FIELDS, {})]
  return next(filter(None, (rule_of(base, name).group for base in bases)), '')


def refusal(name: str, value: Any, rule: Rule, kind: Any) -> str:
  return f'--{name}={stored(value)} was given, {rule.wanted(kind)}'
