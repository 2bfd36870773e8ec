"""Skips, places of maxima, means over regions: what makes masks exact? Lecture 7.

    python -m experiments.segmentation               # nine runs of four networks
    python -m experiments.segmentation --families=fcn,unet --steps=1000

FCN-32s, 16s and 8s; U-Net with skips and without; DeconvNet that unpools to the places
of the maxima and to a fixed one; PSPNet with its pyramid and without. All see the same
scenes for the same number of steps. Long et al. 2015 found 65.5 > 65.0 > 63.6 % mean
IoU for 8s, 16s and 32s on photographs, each trained from the one before.
"""

import dataclasses
from typing import Any

from dl_core import config, launch
from dl_core.launch.families import segmenting
from dl_core.lessons.scenes import segmentation
from experiments import deconvnet, fcn, pspnet, unet


@dataclasses.dataclass(frozen=True)
class Config(segmenting.Config):
  families: tuple[str, ...] = config.field(
    tuple(segmentation.FAMILIES),
    'networks to compare, each in its variants',
    choices=tuple(segmentation.FAMILIES),
  )
  width: int = config.field(
    12, 'channels of the first stage of FCN, U-Net and DeconvNet', low=1
  )
  steps: int = 1_000
  eval_every: int = 500


TINY = Config(
  steps=2, batch_size=8, dataset='digits', size=32, width=2, families=('deconvnet',)
)


def study(c: Config) -> launch.Study:
  names = [entry.name for entry in dataclasses.fields(segmenting.Config)]
  shared: dict[str, Any] = {name: getattr(c, name) for name in names}
  wide = shared | {'width': c.width}
  variants: dict[str, Any] = {
    'fcn-32s': (fcn, fcn.Config(**wide, stride=32)),
    'fcn-16s': (fcn, fcn.Config(**wide, stride=16)),
    'fcn-8s': (fcn, fcn.Config(**wide, stride=8)),
    'unet': (unet, unet.Config(**wide)),
    'unet-without-skips': (unet, unet.Config(**wide, skips=False)),
    'deconvnet': (deconvnet, deconvnet.Config(**wide)),
    'deconvnet-corner': (deconvnet, deconvnet.Config(**wide, places='corner')),
    'pspnet': (pspnet, pspnet.Config(**shared)),
    'pspnet-without-pyramid': (pspnet, pspnet.Config(**shared, pyramid=())),
  }
  runs = {
    label: variants[label]
    for family in c.families
    for label in segmentation.FAMILIES[family]
  }
  return launch.Study(runs, segmentation.pictures)


if __name__ == '__main__':
  launch.main(__name__)
