"""From a command line to an exit code.

Here: flags, jobs, studies, tools of a trained workdir (predict, prompt, export). Not
here: training itself (`train`), or anything that one experiment alone needs.
"""

from dl_core.launch.cli import command as command
from dl_core.launch.cli import main as main
from dl_core.launch.cli import run as run
from dl_core.types import Experiment as Experiment
from dl_core.types import Figure as Figure
from dl_core.types import Study as Study
