import numpy as np
import pytest

from dl_core.report import draw


def test_colours_of_the_palette_differ():
  assert len(set(draw.COLOURS)) == 7


def test_there_are_as_many_panels_as_asked_for_with_their_titles():
  figure, found = draw.panels(4, 3, 3, 2, titles=('a', '$b'))
  assert [axes.get_title() for axes in found] == ['a', '$b', '']
  assert [axes.axison for axes in figure.axes] == [True, True, True, False]
  assert figure.get_size_inches().tolist() == [4, 3]


def test_properties_of_one_panel_are_set():
  _, axes = draw.panel(4, 3, xlabel='step', yscale='log')
  assert (axes.get_xlabel(), axes.get_yscale()) == ('step', 'log')


def test_a_band_reaches_from_the_lowest_run_to_the_highest():
  _, axes = draw.panel(4, 3)
  values = np.array([[1.0, 3.0, 8.0], [2.0, 4.0, 6.0]])
  draw.band(axes, [0, 1], values, 'loss', draw.BLUE)
  np.testing.assert_array_equal(axes.lines[0].get_ydata(), [4, 4])
  (drawn,) = axes.collections
  y = drawn.get_paths()[0].vertices[:, 1]
  assert (y.min(), y.max()) == (1, 8)


def test_a_band_shows_the_median_and_percentiles_where_they_are_asked_for():
  _, axes = draw.panel(4, 3)
  values = np.arange(101.0)[None].repeat(2, axis=0) ** 2
  draw.band(axes, [0, 1], values, '', draw.BLUE, middle=np.median, within=(10, 90))
  np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2500, 2500])
  y = axes.collections[0].get_paths()[0].vertices[:, 1]
  assert (y.min(), y.max()) == (100, 8100)


def test_one_run_has_no_band():
  _, axes = draw.panel(4, 3)
  draw.band(axes, [0, 1], np.ones((2, 1)), 'loss', draw.BLUE)
  assert not axes.collections


@pytest.mark.parametrize('count', [1, 2, 3])
def test_bars_of_a_group_stand_side_by_side_around_its_name(count):
  _, axes = draw.panel(4, 3)
  draw.bars(axes, {f'{n}': [1, 2] for n in range(count)}, ['a', 'b'])
  centres = np.array([[b.get_center()[0] for b in bars] for bars in axes.containers])
  np.testing.assert_allclose(centres.mean(axis=0), [0, 1], atol=1e-12)
  width = axes.patches[0].get_width()
  assert np.all(np.diff(centres, axis=0) > width)
  assert [each.get_text() for each in axes.get_xticklabels()] == ['a', 'b']


def test_a_legend_names_given_colours():
  _, axes = draw.panel(4, 3)
  draw.legend(axes, {'train': draw.BLUE, 'test': draw.ORANGE})
  texts = [each.get_text() for each in axes.get_legend().get_texts()]
  assert texts == ['train', 'test']


def test_opposite_values_are_red_and_blue_and_zero_is_nearly_white():
  red, white, blue = draw.tinted(np.array([5.0, 0.0, -5.0]))
  assert red[0] > red[2]
  assert blue[2] > blue[0]
  assert white.min() > 0.95
  np.testing.assert_array_equal(draw.tinted(np.zeros(1))[0], white)


def test_tiles_lie_row_by_row_with_transparent_gaps():
  images = (
    np.arange(1, 4, dtype=np.uint8)[:, None, None, None].repeat(2, 1).repeat(2, 2)
  )
  found = draw.tiles(images, across=2, gap=1)
  assert found.shape == (5, 5, 4)
  assert found[0, 0].tolist() == [1, 1, 1, 255]
  assert found[0, 3].tolist() == [2, 2, 2, 255]
  assert found[3, 0].tolist() == [3, 3, 3, 255]
  assert not found[2].any()
  assert not found[:, 2].any()
  assert not found[3:, 3:].any()  # the place of a fourth image


def test_tiles_are_enlarged_and_touch_where_no_gap_is_asked_for():
  found = draw.tiles(np.full((2, 1, 1, 3), 0.5), across=2, gap=0, scale=3)
  assert found.shape == (3, 6, 4)
  assert found[..., 3].all()


def test_regions_have_the_colour_of_their_class_and_blanks_none():
  _, axes = draw.panel(4, 3)
  draw.regions(axes, np.array([[0, 1], [-1, 0]]), ((0, 0), (1, 2)))
  (drawn,) = axes.images
  pixels = drawn.get_array()
  assert pixels[1, 0].tolist() == [0, 0, 0, 0]
  np.testing.assert_array_equal(pixels[0, 0], pixels[1, 1])
  assert (pixels[0, 0, :3] != pixels[0, 1, :3]).any()
  assert drawn.get_extent() == [0, 1, 0, 2]


def test_a_boundary_is_drawn_only_where_the_margin_changes_its_sign():
  _, axes = draw.panel(4, 3)
  draw.outline(axes, np.ones((3, 3)), ((0, 0), (1, 1)))
  assert not axes.collections
  draw.outline(axes, np.arange(-4.0, 5).reshape(3, 3), ((0, 0), (1, 1)))
  assert len(axes.collections) == 1
  y = axes.collections[0].get_paths()[0].vertices[:, 1]
  assert 0.3 < y.min() <= y.max() < 0.7
