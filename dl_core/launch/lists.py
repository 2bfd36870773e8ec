"""Settings that are lists: '64,256' as (64, 256), 'l1,dropout' as names."""

import math
from collections.abc import Collection
from typing import Any

from dl_core.types import UserError


def numbers(
  flag: str,
  text: str,
  example: str,
  kind: Any = int,
  low: float = 1,
  below: float = math.inf,
  empty: bool = False,
) -> tuple[Any, ...]:
  """Reads numbers parted by commas.

  Args:
    flag: whose value it is.
    text: the value.
    example: one that would do, for the sentence of the error.
    kind: int or float.
    low, below: bounds: low <= number < below.
    empty: whether an empty text is a list, of none.

  Raises:
    UserError: it is no such list.
  """
  try:
    found = () if empty and not text else tuple(map(kind, text.split(',')))
  except ValueError:
    found = (low - 1,)
  if not all(low <= number < below for number in found):
    whole = 'whole ' if kind is int else ''
    most = f' and below {below:g}' if below < math.inf else ''
    raise UserError(
      f'--{flag}={text} was given, {whole}numbers of at least {low:g}{most}, parted by '
      f'commas, are wanted, as in --{flag}={example}'
    )
  return found


def names(
  flag: str, text: str, known: Collection[str], empty: bool = False
) -> tuple[str, ...]:
  """Reads names parted by commas; see `numbers`.

  Raises:
    UserError: one of them is not known.
  """
  found = () if empty and not text else tuple(text.split(','))
  for name in found:
    if name not in known:
      raise UserError(
        f'--{flag}={text} was given, but {name!r} is unknown; name some of '
        f'{", ".join(known)}'
      )
  return found
