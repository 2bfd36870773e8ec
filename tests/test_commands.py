"""Every command that the documents and the docstrings show is one that exists.

A word in capitals (DIR, FILE, WORKDIR, N) and `...` stand for what the reader has.
"""

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

from dl_core.launch import flags
from tests.experiments.test_experiments import MODULES

ROOT = Path(__file__).parent.parent
SOURCES = [
  *(ROOT / name for name in ('README.md', 'BUILD_NOTES.md')),
  *sorted(ROOT.glob('experiments/*.py')),
  *sorted(ROOT.glob('dl_core/**/*.py')),
]
COMMAND = re.compile(
  r"(?P<program>python -m [\w.]+|(?<![\w'-])make)(?P<words>(?:(?:\s+|\s*\\\n\s*)"
  r'(?:--|[A-Z_]+=)[^`\n]*)*)'
)
