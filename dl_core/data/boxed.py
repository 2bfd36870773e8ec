"""Finds the set of images with objects that `--dataset` names.

`folder` is a user's own, laid out as VOC; `voc` is PASCAL VOC 2007, which TensorFlow
Datasets prepares as voc/2007.
"""

from dl_core.data import annotated, own_boxes, sources, stored
from dl_core.types import UserError

VOC = 'voc/2007'
VOC_CLASSES = (
  'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
  'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
  'train', 'tvmonitor',
)  # fmt: skip


def find(
  name: str, data_dir: str, *, first: int = 1, drop: bool = False, plan: bool = False
) -> annotated.Annotated:
  """Finds a set, reading no example.

  Args:
    name, data_dir: of the set.
    first, drop: for the name 'folder', see `own_boxes.own`.
    plan: whether an absent VOC is declared without images instead of refused.

  Raises:
    UserError: there is no such set, or its examples have no boxes with labels.
  """
  if name == 'folder':
    return own_boxes.own(data_dir, first, drop)
  if name != 'voc':
    return annotated.prepared(name, data_dir)
  root = sources.root(data_dir)
  if stored.declaration(VOC, data_dir) or sources.newest(VOC, root):
    return annotated.prepared(VOC, data_dir)
  if plan:
    return absent(VOC, VOC_CLASSES)
  raise UserError(
    f'--dataset=voc was given, but {VOC} is not under {root}; prepare it there with '
    f'TensorFlow Datasets as {sources.FORMAT}, or unpack the archives of VOC 2007 and '
    'give --dataset=folder --data_dir=VOCdevkit/VOC2007'
  )


def absent(source: str, classes: tuple[str, ...]) -> annotated.Annotated:
  """Declares a set of these classes that has no image, for `--plan`."""
  return annotated.Annotated(
    source=source,
    classes=classes,
    declared={'train': 0},
    count=lambda split: 0,
    entries=lambda split, numbers: (),
    digests=dict,
    notes=(),
    features=annotated.features(classes),
  )
