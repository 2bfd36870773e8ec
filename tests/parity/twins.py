"""VGG, AlexNet and GoogLeNet in PyTorch, by torchvision's names, of any width.

ResNets are in `dl_core.peers.cifar_resnet`.
"""

import torch
from torch import nn
from torch.nn import functional


class VGG(nn.Module):
  def __init__(self, depths, width, classes, batch_norm):
    super().__init__()
    layers, inputs = [], 3
    for stage, depth in enumerate(depths):
      features = width * min(2**stage, 8)
      for _ in range(depth):
        layers.append(nn.Conv2d(inputs, features, 3, padding=1))
        layers += [nn.BatchNorm2d(features)] * batch_norm + [nn.ReLU()]
        inputs = features
      layers.append(nn.MaxPool2d(2))
    self.features = nn.Sequential(*layers)
    dense = 64 * width
    self.classifier = nn.Sequential(
      *(nn.Linear(49 * inputs, dense), nn.ReLU(), nn.Dropout()),
      *(nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(), nn.Linear(dense, classes)),
    )

  def forward(self, x):
    x = functional.adaptive_avg_pool2d(self.features(x), 7)
    return self.classifier(x.flatten(1))


class AlexNet(nn.Module):
  def __init__(self, widths, dense, classes, groups, normalise):
    super().__init__()
    a, b, c, d, e = widths
    self.features = nn.Sequential(
      *(nn.Conv2d(3, a, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
      *(nn.Conv2d(a, b, 5, 1, 2, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2)),
      *(nn.Conv2d(b, c, 3, 1, 1), nn.ReLU()),
      *(nn.Conv2d(c, d, 3, 1, 1, groups=groups), nn.ReLU()),
      *(nn.Conv2d(d, e, 3, 1, 1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )
    self.classifier = nn.Sequential(
      *(nn.Dropout(), nn.Linear(36 * e, dense), nn.ReLU()),
      *(nn.Dropout(), nn.Linear(dense, dense), nn.ReLU(), nn.Linear(dense, classes)),
    )
    # PyTorch divides alpha by the five channels.
    norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
    self.norms = {1: norm, 4: norm} if normalise else {}

  def forward(self, x):
    for place, layer in enumerate(self.features):
      x = self.norms.get(place, nn.Identity())(layer(x))
    x = functional.adaptive_avg_pool2d(x, 6)
    return self.classifier(x.flatten(1))


class Unit(nn.Module):
  def __init__(self, inputs, outputs, size=1, stride=1):
    super().__init__()
    self.conv = nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False)
    self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

  def forward(self, x):
    return functional.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
  def __init__(self, inputs, widths):
    super().__init__()
    one, before_three, three, before_five, five, pooled = widths
    self.branch1 = Unit(inputs, one)
    self.branch2 = nn.Sequential(
      Unit(inputs, before_three), Unit(before_three, three, 3)
    )
    self.branch3 = nn.Sequential(Unit(inputs, before_five), Unit(before_five, five, 3))
    self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Unit(inputs, pooled))
    self.outputs = one + three + five + pooled

  def forward(self, x):
    branches = (self.branch1, self.branch2, self.branch3, self.branch4)
    return torch.cat([branch(x) for branch in branches], dim=1)


class Auxiliary(nn.Module):
  def __init__(self, inputs, classes):
    super().__init__()
    self.conv = Unit(inputs, 128)
    self.fc1, self.fc2 = nn.Linear(2_048, 1_024), nn.Linear(1_024, classes)

  def forward(self, x):
    x = self.conv(functional.adaptive_avg_pool2d(x, 4)).flatten(1)
    return self.fc2(functional.relu(self.fc1(x)))


class GoogLeNet(nn.Module):
  def __init__(self, modules, auxiliary, classes):
    super().__init__()
    self.conv1, self.conv2, self.conv3 = (
      Unit(3, 64, 7, 2),
      Unit(64, 64),
      Unit(64, 192, 3),
    )
    self.names, inputs = list(modules), 192
    for name, widths in modules.items():
      module = Inception(inputs, widths)
      self.add_module(f'inception{name}', module)
      inputs = module.outputs
      if name in auxiliary:
        number = auxiliary.index(name) + 1
        self.add_module(f'aux{number}', Auxiliary(inputs, classes))
    self.fc = nn.Linear(inputs, classes)

  def forward(self, x):
    x = functional.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True)
    x = functional.max_pool2d(self.conv3(self.conv2(x)), 3, 2, ceil_mode=True)
    for name in self.names:
      if name in ('4a', '5a'):
        window = 3 if name == '4a' else 2
        x = functional.max_pool2d(x, window, 2, ceil_mode=True)
      x = getattr(self, f'inception{name}')(x)
    return self.fc(x.mean((2, 3)))
