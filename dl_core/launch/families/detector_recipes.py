"""Recipes of detectors: defaults that `--dataset` brings with it."""

from typing import Any

# Frames of half the size: red cells are 52 pixels wide there, white ones 100, platelets
# 20. `recolour` is for digits.
BCCD: dict[str, Any] = {
  'image_size': (240, 320), 'objects': 32, 'widths': (16, 32, 64, 96, 96), 'halving': 3,
  'bins': 7, 'regions': 64, 'recolour': False, 'flip': True, 'turn': True,
  'learning_rate': 2e-3, 'steps': 4_000, 'batch_size': 4, 'eval_every': 500,
  'train_size': 0,
}  # fmt: skip
# As py-faster-rcnn trains on VOC 2007.
VOC: dict[str, Any] = {
  'trunk': 'vgg16', 'image_size': (600, 1_000), 'objects': 64, 'regions': 128,
  'recolour': False, 'flip': True, 'optimizer': 'sgd', 'learning_rate': 1e-3,
  'weight_decay': 5e-4, 'steps': 70_000, 'batch_size': 2, 'eval_every': 5_000,
  'train_size': 0, 'frozen': 2,
}  # fmt: skip
FOLDER: dict[str, Any] = {'recolour': False, 'flip': True, 'train_size': 0}
# Of detectors whose regions selective search proposes.
SEARCHED = {
  'folder': FOLDER,
  'bccd': BCCD | {'search': 'fast', 'proposals': 256},
  'voc': VOC | {'search': 'fast', 'proposals': 2_000},
}
