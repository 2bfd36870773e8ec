"""Objectives and metrics of learning problems, and how parameters are updated.

Here: tasks, losses, measures, optimizers, schedules, decoding. Not here: networks
(`models`), the step and the loop (`train`).
"""

from dl_core.tasks.apply import apply as apply
from dl_core.tasks.apply import untrained as untrained
from dl_core.tasks.auxiliary import auxiliary as auxiliary
from dl_core.tasks.auxiliary import charged as charged
from dl_core.tasks.corrupted import corrupted as corrupted
from dl_core.tasks.cut import cut as cut
from dl_core.tasks.gan import gan as gan
from dl_core.tasks.language import language as language
from dl_core.tasks.penalised import half_squares as half_squares
from dl_core.tasks.penalised import penalised as penalised
from dl_core.tasks.precision import computed_in as computed_in
from dl_core.tasks.segmentation import segmentation as segmentation
from dl_core.tasks.several import Head as Head
from dl_core.tasks.several import several as several
from dl_core.tasks.supervised import directly as directly
from dl_core.tasks.supervised import judged as judged
from dl_core.tasks.supervised import supervised as supervised
from dl_core.tasks.translation import translate as translate
from dl_core.tasks.writing import conditioned as conditioned
