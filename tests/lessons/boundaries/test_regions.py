import types

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dl_core.lessons.boundaries import regions
from dl_core.report import svg

BOX = (np.array([-1.0, -2.0]), np.array([1.0, 2.0]))


def drawn(work):
  with matplotlib.rc_context(svg.STYLE):
    axes = Figure().add_subplot()
    work(axes)
  return axes


def test_the_grid_has_the_first_feature_along_its_columns():
  points = regions.grid(BOX)
  assert points.shape == (regions.GRID, regions.GRID, 2)
  np.testing.assert_allclose(points[0, [0, -1]], [[-1, -2], [1, -2]])
  np.testing.assert_allclose(points[-1, 0], [-1, 2])


def test_a_place_has_the_colour_of_its_class_and_the_boundary_lies_between():
  # The second class where y > x.
  logits = lambda x: np.stack([x[:, 0], x[:, 1]], axis=-1)
  axes = drawn(lambda axes: regions.shade(axes, logits, BOX))
  image = axes.images[0].get_array()
  blue, orange = (np.array(matplotlib.colors.to_rgb(c)) for c in ('#2f7fb8', '#cf7a24'))
  np.testing.assert_allclose(image[-1, 0, :3], orange)  # top left
  np.testing.assert_allclose(image[0, -1, :3], blue)
  assert axes.images[0].origin == 'lower'
  for contour in axes.collections:
    line = contour.get_paths()[0].vertices
    np.testing.assert_allclose(line[:, 0], line[:, 1], atol=0.02)


def test_the_plane_is_where_g_is_zero_and_stays_in_the_box():
  w, b, drawn_surface = np.array([1.0, 2.0, -4.0]), 0.5, []
  axes = types.SimpleNamespace(plot_surface=lambda *xyz, **_: drawn_surface.extend(xyz))
  regions.plane(axes, w, b, (-np.ones(3), np.ones(3)))
  points = np.stack(drawn_surface, axis=-1).reshape(-1, 3)
  points = points[np.isfinite(points).all(axis=1)]
  assert len(points) > 100
  np.testing.assert_allclose(points @ w + b, 0, atol=1e-6)
  assert np.all(np.abs(points) <= 1)


def test_of_many_examples_some_of_each_class_are_drawn():
  x = np.random.default_rng(0).uniform(size=(1_000, 2))
  y = np.arange(1_000) % 4
  axes = drawn(lambda axes: regions.scatter(axes, x, y, 'abcd'))
  assert [len(c.get_offsets()) for c in axes.collections] == [regions.MOST] * 4
