"""Decodes text files by their byte-order marks; a text without one is in UTF-8."""

import codecs

from dl_core.types import UserError

# UTF-32 comes first, as its mark begins with the one of UTF-16.
MARKS = {
  codecs.BOM_UTF8: 'utf-8-sig',
  codecs.BOM_UTF32_LE: 'utf-32',
  codecs.BOM_UTF32_BE: 'utf-32',
  codecs.BOM_UTF16_LE: 'utf-16',
  codecs.BOM_UTF16_BE: 'utf-16',
}


def decoded(content: bytes, name: str, mend: str) -> str:
  """Decodes a text, without its byte-order mark.

  Args:
    content: in UTF-8, or as its byte-order mark says.
    name: of the text, for errors.
    mend: what to do about a text that is neither.

  Raises:
    UserError: it is neither.
  """
  marked = (encoding for mark, encoding in MARKS.items() if content.startswith(mark))
  encoding = next(marked, 'utf-8')
  try:
    return content.decode(encoding)
  except UnicodeDecodeError as error:
    raise UserError(
      f'{name} is not {encoding.removesuffix("-sig").upper()} at byte '
      f'{error.start:,} ({error.reason}); {mend}'
    ) from error
