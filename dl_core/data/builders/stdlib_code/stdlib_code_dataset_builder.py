"""Code: the source of Python's own standard library."""

import sys
import sysconfig
from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data.builders import texts

# Modules that every install of Python 3.11 to 3.13 has, whatever the machine.
MODULES = tuple(
  """
  abc argparse ast base64 bisect calendar cmd code codecs codeop collections colorsys
  compileall concurrent configparser contextlib contextvars copy copyreg csv
  dataclasses decimal difflib dis doctest enum filecmp fileinput fnmatch fractions
  functools genericpath getopt getpass gettext glob graphlib gzip hashlib heapq hmac
  inspect io ipaddress json keyword linecache logging lzma mimetypes modulefinder
  ntpath numbers opcode operator optparse os pathlib pdb pickle pkgutil plistlib
  posixpath pprint profile pstats py_compile pyclbr queue quopri random re reprlib
  rlcompleter runpy sched secrets selectors shelve shlex shutil signal smtplib socket
  socketserver ssl stat statistics string stringprep struct subprocess symtable
  tabnanny tarfile tempfile textwrap threading timeit token tokenize tomllib trace
  traceback tracemalloc types typing urllib uuid warnings wave weakref zipapp zipfile
  zoneinfo
  """.split()  # noqa: SIM905
)
PYTHON = '.'.join(map(str, sys.version_info[:3]))


class Builder(texts.TextBuilder, skip_registration=True):
  """Source files of Python's standard library, in the order of their paths."""

  VERSION = tfds.core.Version(PYTHON)
  HOMEPAGE = 'https://docs.python.org/3/library/'
  NOTES = texts.made_from(f'the standard library of Python {PYTHON}')

  def _text(self, dl_manager):
    found = texts.files(Path(sysconfig.get_path('stdlib')), MODULES)
    return '\n'.join(texts.ascii_only(source) for _, source in found)
