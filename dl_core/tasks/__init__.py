"""Tasks: pure functions about a model. `apply` runs a linen module as all of them do."""

from dl_core.tasks.apply import apply as apply
from dl_core.tasks.supervised import supervised as supervised
