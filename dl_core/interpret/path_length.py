"""Measures and draws how straight the spaces of a StyleGAN are."""

from collections.abc import Mapping

import numpy as np

from dl_core import metrics
from dl_core.interpret import interpolation
from dl_core.interpret.judge import Judge
from dl_core.interpret.painter import Painter, latents
from dl_core.models import gan
from dl_core.report import draw
from dl_core.types import Claim, Key, Picture, Variables

PAIRS, STEP = 400, 1e-2  # paths that are measured, and how far along each

metrics.declare('path_w', rising=False)
metrics.declare('path_z', rising=False)


def lengths(
  model: gan.GAN, paint: Painter, variables: Variables, judge: Judge, key: Key
) -> dict[str, float]:
  """Measures perceptual path lengths, in the features of a classifier.

  Section 4.1 of the paper: E[d(G(at t), G(at t + ε)) / ε²] along straight lines in W
  and along arcs in Z, with d the squared distance. Theirs is of VGG's features, so the
  figures cannot be compared, but their ratio is of the same kind.

  Returns:
    {'path_w', 'path_z'}.
  """
  a, b = (latents(model, key, number, PAIRS) for number in (3, 4))
  t = np.random.default_rng(0).uniform(0, 1 - STEP, (PAIRS, 1))
  arc = lambda share: interpolation.slerp(a, b, share).astype(np.float32)
  w_a, w_b = (paint.styled(variables, each, 1.0) for each in (a, b))
  line = lambda share: w_a + (share[..., None] * (w_b - w_a)).astype(np.float32)
  features = lambda images: judge.name(images).features
  ways = {
    'path_w': lambda share: paint.painted(variables, line(share)),
    'path_z': lambda share: paint.sample(variables, arc(share)),
  }
  found = {}
  for name, way in ways.items():
    apart = features(way(t + STEP)) - features(way(t))
    found[name] = float(np.mean(np.sum(np.square(apart), axis=1)) / STEP**2)
  return found


def straight(found: Mapping[str, float]) -> Picture:
  """Makes the picture of the path lengths in Z and in W."""

  def show():
    figure, axes = draw.panel(3.5, 2.4, ylabel='path length')
    draw.bars(axes, {'': np.array([found['path_z'], found['path_w']])}, ('Z', 'W'))
    return figure

  return Picture(
    'Path lengths',
    'The squared distance in the features of a classifier between the images at t and '
    f't + ε of a path, over ε², with ε = {STEP:g}: along arcs between latents (Z) and '
    'along straight lines between styles (W).',
    show,
    claims=(
      Claim(
        'Paths through W are shorter than paths through Z',
        found['path_w'] < found['path_z'],
        f'{found["path_w"]:.4g} in W, {found["path_z"]:.4g} in Z',
      ),
    ),
  )
