"""Formulas: the documentation of SciPy's functions, where it holds mathematics."""

import ast
import importlib.metadata
import importlib.util
import inspect
import re
from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data.builders import texts

INSTALLED = importlib.metadata.version('scipy')
SCIPY = '.'.join(re.findall(r'\d+', INSTALLED)[:3])  # without a suffix such as rc1
MATHEMATICS = re.compile(r':math:|\.\. math::')


class Builder(texts.TextBuilder, skip_registration=True):
  """Docstrings of SciPy with formulas in LaTeX, in the order of their files."""

  VERSION = tfds.core.Version(SCIPY)
  HOMEPAGE = 'https://docs.scipy.org/doc/scipy/reference/'
  NOTES = texts.made_from(f'the docstrings of SciPy {INSTALLED} that hold mathematics')

  def _text(self, dl_manager):
    root = Path(str(importlib.util.find_spec('scipy').origin)).parent  # not imported
    pieces = [
      texts.ascii_only(docstring).strip()
      for _, source in texts.files(root)
      if MATHEMATICS.search(source)
      for docstring in formulas(source)
    ]
    return '\n\n\n'.join(dict.fromkeys(pieces)) + '\n'


def formulas(source: str) -> list[str]:
  """Finds the strings of several lines that hold mathematics, in their order.

  Not only docstrings: SciPy documents its compiled functions by calls.
  """
  found = {}
  for node in ast.walk(texts.parsed(source)):
    if (
      isinstance(node, ast.Constant)
      and isinstance(node.value, str)
      and '\n' in node.value
      and MATHEMATICS.search(node.value)
    ):
      found[node.lineno, node.col_offset] = inspect.cleandoc(node.value)
  return [found[place] for place in sorted(found)]
