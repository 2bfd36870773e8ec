"""Compares runs on one page: python -m dl_core.report WORKDIR... (see `compare`)."""

import sys

from dl_core.report import compare

if __name__ == '__main__':
  sys.exit(compare.main(sys.argv[1:]))
