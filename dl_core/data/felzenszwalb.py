"""Segments an image into regions by its graph of pixels.

Felzenszwalb & Huttenlocher, "Efficient graph-based image segmentation", 2004,
https://doi.org/10.1023/B:VISI.0000022288.19776.77: edges between neighbours are
visited in the order of their weights, and join two regions where the weight is below
the internal difference of each region plus k over its size. Small regions are joined
last. The result is scikit-image's, region for region.

Shapes: H x W pixels, C channels, E edges.
"""

import numpy as np


def regions(
  image: np.ndarray, scale: float, smallest: int, sigma: float = 0.8
) -> np.ndarray:
  """Returns the number of the region of each pixel, int [H, W], from 0 on.

  Args:
    image: float [H, W, C] in [0, 1].
    scale: k, for values from 0 to 255; a larger k gives larger regions.
    smallest: number of pixels of a region, at least.
    sigma: deviation, in pixels, of the Gaussian that smooths the image first.
  """
  from scipy import ndimage

  height, width = image.shape[:2]
  smooth = ndimage.gaussian_filter(
    image.astype(np.float64), (sigma, sigma, 0), mode='reflect'
  )
  cost, first, second = edges(smooth)
  order = np.argsort(cost, kind='stable')
  parent = [*range(height * width)]
  size, inner = [1] * len(parent), [0.0] * len(parent)
  threshold = scale / 255
  queue = [*zip(cost[order].tolist(), first[order].tolist(), second[order].tolist(),
                strict=True)]  # fmt: skip

  def root(pixel):
    while parent[pixel] != pixel:
      parent[pixel] = parent[parent[pixel]]
      pixel = parent[pixel]
    return pixel

  def join(a, b):
    a, b = min(a, b), max(a, b)
    parent[b] = a
    size[a] += size[b]
    return a

  for weight, one, other in queue:
    a, b = root(one), root(other)
    if a != b and weight < min(
      inner[a] + threshold / size[a], inner[b] + threshold / size[b]
    ):
      inner[join(a, b)] = weight
  for _, one, other in queue:
    a, b = root(one), root(other)
    if a != b and (size[a] < smallest or size[b] < smallest):
      join(a, b)
  roots = np.array([root(pixel) for pixel in range(height * width)])
  return np.unique(roots, return_inverse=True)[1].reshape(height, width)


def edges(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns the edges between each pixel and its 8 neighbours: weights [E], pixels [E].

  A weight is the Euclidean distance of the colours.
  """
  height, width = image.shape[:2]
  pixels = np.arange(height * width).reshape(height, width)
  found = []
  for here, there in (
    (np.s_[:, 1:], np.s_[:, :-1]),
    (np.s_[1:], np.s_[:-1]),
    (np.s_[1:, 1:], np.s_[:-1, :-1]),
    (np.s_[1:, :-1], np.s_[:-1, 1:]),
  ):
    cost = np.sqrt(np.sum((image[here] - image[there]) ** 2, axis=-1))
    found.append((cost.ravel(), pixels[here].ravel(), pixels[there].ravel()))
  cost, first, second = (np.concatenate(each) for each in zip(*found, strict=True))
  return cost, first, second
