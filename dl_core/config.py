"""Settings: one frozen dataclass per experiment, its fields are its absl flags.

A setting is declared once, as a field. A subclass that only changes a default
(`steps: int = 1_000`) keeps the help and the bounds that a base class declared.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from dl_core.types import UserError

Own = TypeVar('Own', bound='Config')
PRECISIONS = ('float32', 'bfloat16')


def field(
  default: Any,
  help: str,
  *,
  low: float | None = None,
  above: float | None = None,
  below: float | None = None,
  choices: Sequence[str] = (),
  how: bool = False,
) -> Any:
  """Declares a setting.

  Args:
    default: its value unless given; its type is the field's annotation.
    help: one phrase, in lower case.
    low, above, below: bounds: value >= low, value > above, value < below.
    choices: the names that a string may take.
    how: True where it says how a run is executed and not what comes out of it.
  """
  rule = Rule(help, low, above, below, tuple(choices), how)
  return dataclasses.field(default=default, metadata={'rule': rule})


@dataclasses.dataclass(frozen=True)
class Rule:
  """What a field may hold; see `field`."""

  help: str = ''
  low: float | None = None
  above: float | None = None
  below: float | None = None
  choices: tuple[str, ...] = ()
  how: bool = False

  def wanted(self, kind: Any) -> str:
    """Says in words which values are admitted: 'an integer of at least 1'."""
    if self.choices:
      return 'one of ' + ', '.join(self.choices)
    words = {int: 'an integer', float: 'a finite number', bool: 'true or false'}
    bounds = (('of at least', self.low), ('above', self.above), ('below', self.below))
    parts = [f'{word} {bound}' for word, bound in bounds if bound is not None]
    return ' '.join([words.get(kind, 'a string'), ' and '.join(parts)]).strip()

  def admits(self, kind: Any, value: Any) -> bool:
    """Tells whether `value` is of the type `kind` and inside the bounds."""
    number = kind is float and type(value) is int
    if type(value) is not kind and not number:
      return False
    if self.choices:
      return value in self.choices
    return (kind is str or math.isfinite(value)) and not (
      (self.low is not None and value < self.low)
      or (self.above is not None and value <= self.above)
      or (self.below is not None and value >= self.below)
    )


@dataclasses.dataclass(frozen=True)
class Settings:
  """Fields that are flags.

  Raises:
    UserError: a value is of another type or out of bounds.
  """

  def __post_init__(self):
    for entry in dataclasses.fields(self):
      rule, value = rule_of(type(self), entry.name), getattr(self, entry.name)
      if not rule.admits(entry.type, value):
        raise UserError(refusal(entry.name, value, rule, entry.type))


@dataclasses.dataclass(frozen=True)
class Drawing(Settings):
  """The settings of a study that only draws."""

  workdir: str = field('', 'folder of the run; runs/NAME-<settings> if empty', how=True)
  seed: int = field(0, 'seed of everything that is drawn', low=0, below=2**32)
  platform: str = field(
    'auto', 'where to run', choices=('auto', 'cpu', 'gpu', 'tpu'), how=True
  )
  fresh: bool = field(False, 'start over, dropping what the workdir holds', how=True)


@dataclasses.dataclass(frozen=True)
class Config(Drawing):
  """The settings of every experiment, and of studies that have runs."""

  dataset: str = field('digits', 'name of the data set')
  data_dir: str = field('', 'where data sets are; $TFDS_DATA_DIR if empty', how=True)
  seeds: int = field(
    1, 'runs of so many seeds from --seed on, compared', low=1, below=1_000, how=True
  )
  steps: int = field(1_000, 'training steps; 0 evaluates alone', low=0, below=2**31)
  batch_size: int = field(64, 'examples a step', low=1, below=2**31)
  learning_rate: float = field(1e-3, 'peak learning rate', above=0)
  eval_every: int = field(
    100, 'steps between evaluations on validation', low=1, how=True
  )
  checkpoint_every: int = field(500, 'steps between checkpoints', low=1, how=True)
  patience: int = field(
    0, 'evaluations without a lower validation loss that end the run; 0: never', low=0
  )
  until: str = field('', 'METRIC:VALUE on validation that ends the run once reached')
  keep_best: bool = field(False, 'test the state of the lowest validation loss')
  init_from: str = field(
    '', 'workdir, or file of weights, whose parameters the run starts from'
  )
  precision: str = field(
    'float32', 'of what models compute; parameters are float32', choices=PRECISIONS
  )
  steps_per_call: int = field(
    0,
    'updates in one dispatch; 0: as measured for the model and the device',
    low=0,
    below=2**31,
  )
  mesh: str = field(
    '', 'devices, as in data:4,fsdp:2,tensor:1; empty is one of them', how=True
  )
  distributed: str = field(
    '', 'processes that make one run: auto, or HOST:PORT,COUNT,INDEX', how=True
  )
  resident_bytes: int = field(
    2**30,
    'decoded training examples of so many bytes in all live on the device; larger '
    'sets are read as they are needed',
    low=0,
    how=True,
  )
  max_seconds: float = field(
    0.0,
    'save and stop after so long; the same command goes on; 0: never',
    low=0,
    how=True,
  )
  predict: str = field('', 'file (more may follow) to classify, not to train', how=True)
  export: str = field(
    '',
    'file (.safetensors) to write the trained model to, for other libraries',
    how=True,
  )
  plan: bool = field(
    False,
    'say what a step costs on --mesh, which need not exist; nothing runs',
    how=True,
  )
  profile: bool = field(False, 'trace a few steps with jax.profiler', how=True)


@dataclasses.dataclass(frozen=True)
class Generating(Config):
  """The settings of experiments whose models write."""

  prompt: str = field('', 'text for a trained model to go on with', how=True)
  temperature: float = field(
    0.8,
    'of what it writes: 0 the likeliest, 1 as it learnt',
    low=0,
    below=1_000,
    how=True,
  )
  length: int = field(500, 'tokens that it writes', low=1, below=2**20, how=True)


@dataclasses.dataclass(frozen=True)
class Transfer(Config):
  """The settings of classifiers that may begin with what another task has taught."""

  freeze: str = field(
    'nothing',
    'what stays as it begins; backbone: all but the last layer, in evaluation mode',
    choices=('nothing', 'backbone'),
  )


def into(cls: type[Own], c: Config, **changes: Any) -> Own:
  """Makes a config of another class: the fields that both have are as in `c`.

  Args:
    cls: of a run of the study whose config `c` is.
    c: gives its values to the fields of the same names, unless they are changed.
    **changes: fields of `cls`.

  Raises:
    UserError: a value is of another type or out of bounds there.
  """
  names = {entry.name for entry in dataclasses.fields(c)}
  shared = [entry.name for entry in dataclasses.fields(cls) if entry.name in names]
  return cls(**{name: getattr(c, name) for name in shared} | changes)


def rule_of(cls: type, name: str) -> Rule:
  """Finds the rule of a field where it was last declared, along the MRO."""
  for base in cls.__mro__:
    entry = base.__dict__.get('__dataclass_fields__', {}).get(name)
    if entry is not None and 'rule' in entry.metadata:
      return entry.metadata['rule']
  return Rule()


def refusal(name: str, value: Any, rule: Rule, kind: Any) -> str:
  return f'--{name}={value} was given, {rule.wanted(kind)} is wanted'


def settings(config: Drawing, source: str) -> dict[str, Any]:
  """Returns the settings that change a run's result; they are its identity.

  Args:
    config: the run's config.
    source: name and version of its data (`Spec.source`).
  """
  chosen_on_validation = isinstance(config, Config) and bool(
    config.patience or config.until or config.keep_best
  )
  names = [entry.name for entry in dataclasses.fields(config)]
  kept = [
    name
    for name in names
    if not rule_of(type(config), name).how
    or (name == 'eval_every' and chosen_on_validation)
  ]
  return {name: getattr(config, name) for name in kept} | {'source': source}


def fingerprint(chosen: Mapping[str, Any]) -> str:
  """Returns eight hexadecimal digits that change with any of the settings."""
  text = json.dumps(chosen, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:8]
