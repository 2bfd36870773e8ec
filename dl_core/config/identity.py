"""What identifies a run, what config.json keeps, what a study passes on."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from dl_core.config.common import Config, Drawing, trains
from dl_core.config.fields import (
  Settings,
  element_of,
  group_of,
  read,
  rule_of,
  stored,
)

Own = TypeVar('Own', bound=Settings)


def settings(config: Drawing, source: str) -> dict[str, Any]:
  """Returns the settings that change a run's result; they are its identity.

  Args:
    config: the run's config.
    source: name and version of its data (`Spec.source`).
  """
  chosen_on_validation = trains(config) and bool(
    config.patience or config.until or config.keep_best
  )
  names = [entry.name for entry in dataclasses.fields(config)]
  kept = [
    name
    for name in names
    if not rule_of(type(config), name).how
    or (name == 'eval_every' and chosen_on_validation)
  ]
  return {name: stored(getattr(config, name)) for name in kept} | {'source': source}


def fingerprint(chosen: Mapping[str, Any]) -> str:
  """Returns eight hexadecimal digits that change with any of the settings."""
  text = json.dumps(chosen, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:8]


def written(c: Settings) -> dict[str, Any]:
  """Returns all settings as config.json keeps them."""
  return {entry.name: stored(getattr(c, entry.name)) for entry in dataclasses.fields(c)}


def asked(c: Config) -> str:
  """Returns the name of the flag that asks a trained model for something, or ''.

  Such a flag is in the group `trained` and names a file or a text; or it is `sample`.
  """
  for entry in dataclasses.fields(c):
    named = group_of(type(c), entry.name) == 'trained' and entry.type is str
    if named and getattr(c, entry.name):
      return entry.name
  return 'sample' if c.sample else ''


def restored(cls: type[Own], values: Mapping[str, Any]) -> Own:
  """Makes the config whose stored values are given; names it does not have are dropped.

  Raises:
    UserError: a value has another type or is out of bounds.
  """
  kinds = {entry.name: entry.type for entry in dataclasses.fields(cls)}
  texts = {name for name, kind in kinds.items() if element_of(kind)[1]}
  return cls(
    **{
      name: read(kinds[name], value) if name in texts else value
      for name, value in values.items()
      if name in kinds
    }
  )


def handed(c: Drawing) -> dict[str, Any]:
  """Returns the settings of a study that say how each of its runs is executed."""
  return {
    entry.name: getattr(c, entry.name)
    for entry in dataclasses.fields(c)
    if rule_of(type(c), entry.name).handed
  }


def shared(c: Config, *names: str) -> dict[str, Any]:
  """Returns the settings that a study passes on to a run.

  Args:
    c: settings of the study.
    *names: fields that the study and the run's experiment both declare. Those of
      `Config`, which every experiment has, are passed on without being named.
  """
  common = [entry.name for entry in dataclasses.fields(Config)]
  return {name: getattr(c, name) for name in (*common, *names)}
