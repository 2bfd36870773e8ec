"""Prose: the language reference and the docstrings that ship with Python."""

import ast
import sysconfig
from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data.builders import texts
from dl_core.data.builders.stdlib_code import stdlib_code_dataset_builder as library

DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Builder(texts.TextBuilder, skip_registration=True):
  """Topics of Python's help and docstrings, in the order of the alphabet."""

  VERSION = tfds.core.Version(library.PYTHON)
  HOMEPAGE = 'https://docs.python.org/3/reference/'
  NOTES = texts.made_from(
    f'the language reference and the docstrings of Python {library.PYTHON}'
  )

  def _text(self, dl_manager):
    from pydoc_data import topics

    entries = list(topics.topics.items())
    root = Path(sysconfig.get_path('stdlib'))
    for path, source in texts.files(root, library.MODULES):
      entries += [(path, docstring) for docstring in docstrings(source)]
    entries.sort(key=lambda entry: (entry[0].lower(), entry[0]))  # those of a file stay
    pieces = (texts.ascii_only(text).strip() for _, text in entries)
    return '\n\n\n'.join(dict.fromkeys(pieces)) + '\n'


def docstrings(source: str) -> list[str]:
  """Finds the docstrings of more than one line, in their order."""
  nodes = [
    node for node in ast.walk(texts.parsed(source)) if isinstance(node, DOCUMENTED)
  ]
  nodes.sort(key=lambda node: getattr(node, 'lineno', 0))
  found = (ast.get_docstring(node) or '' for node in nodes)
  return [text for text in found if '\n' in text]
