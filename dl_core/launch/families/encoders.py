"""What the tasks that share `models.encoder` have in common: size and widths."""

import dataclasses

from dl_core import config
from dl_core.models import encoder


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  size: int = config.field(
    32, 'height and width of images in pixels', low=8, below=2_049
  )
  widths: tuple[int, ...] = config.field(
    encoder.WIDTHS, 'features of each of the four layers of the encoder', low=1
  )

  def __post_init__(self):
    super().__post_init__()
    encoder.check(self.widths)


TAKEN = ('encoder',)  # what `--init_from` takes of a run of any of these tasks
