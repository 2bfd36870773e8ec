"""Compares runs on one page.

    python -m dl_core.report WORKDIR... [--out=comparison.html]

A WORKDIR whose sub-folders are workdirs (a study) stands for all of them.
"""

import sys

from dl_core.report import compare

if __name__ == '__main__':
  sys.exit(compare.main(sys.argv[1:], __doc__))
