"""Pictures of any trained model of a kind, for the `report` of an experiment.

Not here: what one lecture claims (`lessons`), how drawings are made (`report.draw`).

Every maker of pictures here returns a function of the contract's form, (variables,
observed, data, key) -> [Picture]; `join` makes one of several, and `gather` one of
several makers of what is observed.
"""

from collections.abc import Callable
from typing import Any

Report = Callable  # (variables, observed, data, key) -> [Picture]


def join(*reports: Report) -> Report:
  """Returns the report that shows the pictures of all `reports`, in order."""

  def report(variables, observed, data, key):
    return [p for each in reports for p in each(variables, observed, data, key)]

  return report


def gather(*observers: Callable) -> Callable:
  """Returns the `observe` of an experiment that keeps what all `observers` return."""

  def observe(variables, data, key):
    seen: dict[str, Any] = {}
    for each in observers:
      seen |= each(variables, data, key)
    return seen

  return observe
