"""The bytes that each token of a described tokenizer spells; see `subwords`."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def rows(description: Mapping[str, Any]) -> dict[str, int]:
  """Returns {token: its number}."""
  added = {each['content']: each['id'] for each in description['added_tokens']}
  return description['model']['vocab'] | added


def of(
  description: Mapping[str, Any],
) -> tuple[Callable[[str], bytes], bool]:
  """Returns (token) -> the bytes that it spells.

  And whether words get a space before them that their tokens do not have.

  Raises:
    ValueError: the tokenizer is of another kind than those that are read here.
  """
  model = description['model']
  kind, splits = model['type'], json.dumps(description['pre_tokenizer'])
  if kind == 'BPE' and '"ByteLevel"' in splits:
    table = {letter: number for number, letter in enumerate(letters())}
    return (
      lambda token: (
        bytes(table[letter] for letter in token)
        if table.keys() >= set(token)
        else token.encode()
      ),
      False,
    )
  if kind == 'WordPiece':
    prefix = model['continuing_subword_prefix']
    return lambda token: (
      token.removeprefix(prefix) if token.startswith(prefix) else f' {token}'
    ).encode(), True
  if kind == 'WordLevel':
    kept = '"Split"' in splits
    return lambda token: (token if kept else f' {token}').encode(), not kept
  raise ValueError(
    f'its model is {kind}; byte-level BPE, WordPiece and WordLevel are read'
  )


def letters() -> Iterable[str]:
  """Yields the character by which GPT-2's vocabulary writes each of the 256 bytes.

  Bytes that Latin-1 prints stand for themselves, the others for the characters from 256
  on, in order.
  """
  others = iter(range(256, 512))
  for number in range(256):
    printed = 33 <= number <= 126 or (number >= 161 and number != 173)
    yield chr(number if printed else next(others))
