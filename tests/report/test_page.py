import html.parser
import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from dl_core import types
from dl_core.report import chart, contents, page, svg

PUBLISHED = (
  types.Figure('accuracy', 0.9905, 'mnist', 'LeCun et al. 1998'),
  types.Figure('accuracy', 0.97, 'digits', 'Someone 2001, https://example.org/a'),
)
EVIL = '</dd><script>alert("1")</script>'


def line(step, split, **figures):
  return {'step': step, 'split': split, **figures}


LINES = [
  line(0, 'validation', loss=2.3, accuracy=0.1),
  line(50, 'train', loss=0.9, accuracy=0.7, examples_per_second=1234.5, seconds=4.0),
  line(50, 'validation', loss=0.5, accuracy=0.8),
  line(100, 'train', loss=0.4, accuracy=0.9, examples_per_second=1300.5, seconds=8.0),
  line(100, 'validation', loss=0.3, accuracy=0.9),
  line(
    100, 'test', loss=0.31, accuracy=0.89, baseline={'accuracy': 0.11}, seconds=83.2
  ),
]
CONFIG = {
  'experiment': 'lenet',
  'doc': 'LeNet on digits (1998, https://doi.org/10.1109/5.726791). Lecture 6.',
  'settings': {'steps': 100, 'learning_rate': 0.002, 'dataset': 'digits'},
  'defaults': {'steps': 100, 'learning_rate': 0.001, 'dataset': 'digits'},
  'source': 'digits/1.0.0',
}
MANIFEST = {
  'command': 'python -m experiments.lenet --learning_rate=0.002',
  'git': 'abc123 (changed)',
  'versions': {'python': '3.11.2', 'jax': '0.10.2'},
  'devices': ['cpu:0'],
  'parameters': 61706,
  'data': {
    'source': 'digits/1.0.0',
    'digests': {'train': 'cafe'},
    'notes': ['Shared.'],
  },
}


@pytest.fixture
def make(tmp_path):
  """Writes a workdir (None leaves a file out) and returns its report as text."""

  def made(lines=LINES, config=CONFIG, manifest=MANIFEST, **kwargs):
    for name, value in (('config', config), ('manifest', manifest)):
      if value is not None:
        (tmp_path / f'{name}.json').write_text(json.dumps(value))
    if lines is not None:
      text = ''.join(json.dumps(each) + '\n' for each in lines)
      (tmp_path / 'metrics.jsonl').write_text(text)
    path = page.write(tmp_path, **kwargs)
    assert path == tmp_path / 'report' / 'index.html'
    assert [entry.name for entry in path.parent.iterdir()] == ['index.html']
    return path.read_text()

  return made


class Page(html.parser.HTMLParser):
  """Collects tags, and text outside of style."""

  def __init__(self, text):
    super().__init__()
    self.tags, self.text, self._open = [], '', []
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    self._open.append(tag)

  def handle_endtag(self, tag):
    while self._open and self._open.pop() != tag:
      pass

  def handle_data(self, data):
    if 'style' not in self._open:
      self.text += ' ' + data

  @property
  def words(self):
    return ' '.join(self.text.split())


def picture(title='A curve', draw=None):
  def curve():
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1, 2], [0, 1, 4], 'o-', label=EVIL)
    axes.imshow(np.eye(4), extent=(0, 1, 0, 1), interpolation='none')
    axes.set_title('数字 and more')
    axes.legend()
    return figure

  return types.Picture(title, 'What to see.', draw or curve)


def noise():
  figure = Figure(figsize=(3, 2))
  points = np.random.default_rng(0).normal(size=(2, 20_000))
  figure.subplots().plot(*points)
  return figure


def test_the_page_needs_nothing_from_elsewhere(make):
  text = make(pictures=[picture(), picture('Noise', noise)], published=PUBLISHED)
  tags = Page(text).tags
  assert not {'script', 'link', 'iframe', 'object', 'base'} & {tag for tag, _ in tags}
  links = 0
  for tag, attributes in tags:
    for name, value in attributes.items():
      assert not name.startswith('on')
      if tag == 'a' and name == 'href':
        links += 1
      elif name in ('src', 'href', 'xlink:href', 'srcset', 'data', 'action'):
        assert value.startswith(('data:', '#')), (tag, name, value[:80])
  assert links >= 2  # the docstring's and the source's
  assert not re.search(r'@import|url\((?!#|"#)', text)


def test_the_same_input_gives_the_same_bytes(make):
  pictures = [picture(), picture('Noise', noise)]
  assert make(pictures=pictures) == make(pictures=pictures)


def test_what_comes_from_outside_is_escaped(make):
  text = make(
    lines=[*LINES[:-1], LINES[-1] | {'stopped': EVIL}],
    config=CONFIG
    | {'experiment': EVIL, 'doc': EVIL, 'settings': {EVIL: EVIL, 'steps': 3}},
    manifest=MANIFEST | {'command': EVIL, 'git': EVIL, 'data': {'notes': [EVIL]}},
    pictures=[picture(EVIL)],
    published=[types.Figure('accuracy', 0.9, EVIL, EVIL)],
  )
  assert '<script' not in text
  assert text.count('&lt;script') >= 10


def test_a_figure_of_another_data_set_is_marked_as_such(make):
  shown = Page(make(published=PUBLISHED))
  assert 'LeCun et al. 1998, on mnist 99.05%' in shown.words
  assert 'published on mnist, another data set' in shown.words
  bars = [a['class'] for t, a in shown.tags if 'bar' in a.get('class', '').split()]
  assert bars == ['bar run', 'bar baseline', 'bar elsewhere', 'bar published']
  assert '89.00%' in shown.words
  assert '11.00%' in shown.words


def test_headline_puts_what_was_published_first_and_the_loss_last():
  test = line(9, 'test', loss=0.3, top5=0.99, accuracy=0.9, exact=0.5, seconds=3.0)
  rows = contents.headline(test, {'exact': 0.1}, PUBLISHED, 'digits')
  assert [row.name for row in rows] == ['accuracy', 'accuracy', 'exact', 'top5', 'loss']
  assert [row.elsewhere for row in rows] == ['mnist', '', '', '', '']
  assert [row.published for row in rows] == [0.9905, 0.97, None, None, None]
  assert [row.baseline for row in rows] == [None, None, 0.1, None, None]


def test_the_terminal_hears_the_same_as_the_page(make, tmp_path):
  words = Page(make(published=PUBLISHED)).words
  said = page.summary(tmp_path, PUBLISHED).splitlines()
  assert said[:-1] == [
    'test accuracy 89.00%, best constant answer 11.00%',
    '  published: 99.05% by LeCun et al. 1998 on mnist, another data set',
    '  published: 97.00% by Someone 2001, https://example.org/a',
    'test loss 0.31',
  ]
  assert said[-1].removeprefix('verdict: ').capitalize() in words


def test_changed_settings_are_marked_and_no_others(make):
  text = make()
  (marked,) = re.findall(r'<div class="changed">(.*?)</div>', text, re.DOTALL)
  assert 'learning_rate' in marked
  assert '0.002' in marked
  assert 'default 0.001' in marked


def test_what_says_how_a_run_is_executed_is_folded_away_unless_changed(make):
  settings = {'steps': 100, 'platform': 'auto', 'eval_every': 5, 'fresh': False}
  defaults = {'steps': 100, 'platform': 'auto', 'eval_every': 100, 'fresh': False}
  config = CONFIG | {'settings': settings, 'defaults': defaults}
  text = make(config=config | {'identity': {'steps': 100}})
  open_part, folded = text.split('<details>')
  shown = re.compile('<dt>(.*?)</dt>\n *<dd>').findall
  assert shown(open_part.partition('<h2>Settings')[2]) == ['steps', 'eval_every']
  assert shown(folded.partition('</details>')[0]) == ['platform', 'fresh']
  assert '<details>' not in make(config=config)  # an old one, that does not tell them


@pytest.mark.parametrize(
  ('given', 'words'),
  [
    (['cpu:0 cpu'], 'CPU'),
    (['cpu:0'], 'CPU'),
    ([f'cpu:{i} cpu' for i in range(8)], '8 × CPU'),
    ([f'gpu:{i} NVIDIA H100' for i in range(4)], '4 × NVIDIA H100'),
    (['gpu:0 A', 'gpu:1 B', 'gpu:2 A'], '2 × A, B'),
    ([], ''),
    (None, ''),
  ],
)
def test_devices_are_counted_and_called_by_their_kind(given, words):
  assert contents.devices({'devices': given}) == words


def test_a_damaged_config_or_manifest_leaves_its_part_blank(make, tmp_path):
  make()
  (tmp_path / 'config.json').write_text('{"experiment": "le')
  (tmp_path / 'manifest.json').write_text('[]')
  words = Page(page.write(tmp_path).read_text()).words
  assert '89.00%' in words
  assert 'How the run was made' not in words


def test_the_facts_are_written_for_a_person(make):
  words = Page(make()).words
  for fact in ('61,706', '1 min 23 s', '1,268 examples/s', 'digits/1.0.0', 'Shared.'):
    assert fact in words


@pytest.mark.parametrize(
  'lines',
  [
    None,
    [],
    LINES[:1],
    LINES[:2],
    [line(0, 'test', loss=None, accuracy=None)],
    [line(0, 'validation', loss=None), line(5, 'train', loss=None)],
    [line(0, 'validation', loss=1.0), line(9, 'test', loss=1.0, seconds=0.01)],
    [line(9, 'train', d_loss=1.0, g_loss=-2.0, skipped=3)],
    [line(s, split, loss=0.5) for s in (0, 4, 8) for split in ('train', 'validation')],
  ],
)
def test_a_run_of_few_or_odd_figures_has_a_page_too(make, lines):
  shown = Page(make(lines=lines, published=PUBLISHED))
  assert 'Verdict' in shown.words
  assert not re.search(r'\d\.?nan|Mnan|Traceback', shown.text)


def test_an_empty_workdir_and_missing_keys_have_a_page(make):
  assert 'no result' in Page(make(None, None, None)).words
  assert 'lenet' in Page(make(None, {'experiment': 'lenet'}, {'git': 'abc'})).words


def test_a_line_that_was_cut_short_is_left_out(make, tmp_path):
  whole = make()
  with (tmp_path / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 200, "spl')
  assert page.write(tmp_path).read_text() == whole


def test_skipped_updates_are_told(make):
  lines = [*LINES[:-2], LINES[-2], line(100, 'train', loss=0.4, skipped=7), LINES[-1]]
  assert 'skipped updates 7' in Page(make(lines=lines)).words


@pytest.mark.parametrize(
  ('seconds', 'words'),
  [(0.0123, '0.012 s'), (21.5, '22 s'), (83.2, '1 min 23 s'), (7300, '2 h 1 min')],
)
def test_a_duration_is_written_for_a_person(seconds, words):
  assert contents.duration(seconds) == words


def test_ink_takes_the_colour_of_the_page_and_other_colours_stay():
  art = svg.draw(picture()).art
  assert 'currentColor' in art
  assert '#000000' not in art
  assert '#2f7fb8' in art
  assert '数字' in art  # text stays text, whatever its script


def test_figures_on_one_page_share_no_names_for_different_things(make):
  text = make(pictures=[picture('One'), picture('Two')])
  names = re.findall(r' id="([^"]+)"', text)
  assert len(names) == len(set(names))
  assert set(re.findall(r'href="#([^"]+)"', text)) <= set(names)


def test_a_drawing_too_heavy_as_svg_is_a_png():
  assert svg.draw(picture('Noise', noise)).art.startswith('<img')
  assert svg.draw(picture()).art.startswith('<svg')


def test_a_long_history_keeps_the_page_light(make):
  lines = [
    line(step, split, loss=1 / (step + 1), accuracy=0.5)
    for step in range(0, 200_000, 100)
    for split in ('train', 'validation')
  ]
  assert len(make(lines=lines)) < 500_000
  assert all(not drawn.dots for drawn in chart.chart(lines, 'loss').curves)
