"""Tasks: pure functions about a model."""

from dl_core.tasks.apply import apply as apply
from dl_core.tasks.supervised import supervised as supervised
