"""One step, one loop, and what a run leaves on disk.

Here: updates, evaluation, checkpoints, logs, the workdir. Not here: what is minimised
(`tasks`), how a workdir is shown (`report`), command lines (`launch`).
"""

from dl_core.train.loop import fit as fit
from dl_core.train.loop import fit_together as fit_together
from dl_core.train.session import Run as Run
from dl_core.train.update import TrainState as TrainState
from dl_core.train.update import data_key as data_key
from dl_core.train.update import init_state as init_state
from dl_core.train.update import make_update as make_update
from dl_core.train.update import shapes as shapes
