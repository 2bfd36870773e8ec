import html.parser
import json
import math
import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from dl_core import types
from dl_core.report import __main__ as door
from dl_core.report import chart, compare, grouping, page, tables
from dl_core.train import workdir

EVIL = '</td><script>alert("1")</script>'
PUBLISHED = [types.Figure('accuracy', 0.97, 'digits', 'Someone 2001')._asdict()]


def line(step, split, **figures):
  return {'step': step, 'split': split, **figures}


def history(accuracy, steps=(0, 50, 100), ended=True):
  lines = []
  for step in steps:
    if step:
      lines.append(line(step, 'train', loss=2 / (step + 1), seconds=step / 25))
    lines.append(line(step, 'validation', loss=3 / (step + 1), accuracy=accuracy))
  test = line(100, 'test', accuracy=accuracy, loss=0.5, seconds=4.0)
  return [*lines, test | {'baseline': {'accuracy': 0.1}}] if ended else lines


@pytest.fixture
def make(tmp_path):
  """Writes a workdir and returns it."""

  def run(name, accuracy=0.9, lines=None, manifest=(), **settings):
    folder = tmp_path / name
    identity = {'seed': 0, 'channels': 6, 'steps': 100, 'source': 'digits/1.0.0'}
    experiment = settings.pop('experiment', 'lenet')
    identity |= {'init_from': ''} | settings
    config = {
      'experiment': experiment,
      'doc': f'What {experiment} is.',
      'settings': identity | {'workdir': str(folder)},
      'defaults': {'seed': 0, 'channels': 6, 'steps': 1000, 'init_from': ''},
      'identity': identity,
      'source': identity['source'],
      'classes': [],
    }
    told = {
      'command': f'python -m experiments.{experiment}',
      'devices': ['cpu:0 cpu'],
      'versions': {'python': '3.11.2', 'jax': '0.10.2'},
      'parameters': 61_706,
      'published': PUBLISHED,
      **dict(manifest),
    }
    (folder / 'report').mkdir(parents=True)
    (folder / 'report' / 'index.html').write_text('a report')
    (folder / 'config.json').write_text(json.dumps(config))
    (folder / 'manifest.json').write_text(json.dumps(told))
    lines = history(accuracy) if lines is None else lines
    text = ''.join(json.dumps(each) + '\n' for each in lines)
    (folder / 'metrics.jsonl').write_text(text)
    return folder

  return run


@pytest.fixture
def study(make):
  """Two settings of three seeds each, as {label: workdir}."""
  figures = {3: (0.90, 0.92, 0.94), 6: (0.95, 0.96, 0.97)}
  return {
    f'c{channels}-{seed}': make(
      f'study/c{channels}-{seed}', accuracy, channels=channels, seed=seed
    )
    for channels, accuracies in figures.items()
    for seed, accuracy in enumerate(accuracies)
  }


class Page(html.parser.HTMLParser):
  """Collects tags, and text outside of style."""

  def __init__(self, text):
    super().__init__()
    self.tags, self.text, self._style = [], '', False
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    self._style = tag == 'style'

  def handle_endtag(self, tag):
    self._style = False

  def handle_data(self, data):
    if not self._style:
      self.text += ' ' + data

  @property
  def words(self):
    return ' '.join(self.text.split())


def picture():
  def draw():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], [0, 1])
    return figure

  return types.Picture('How they differ', 'What to see.', draw)


def test_mean_and_deviation_are_those_of_a_sample():
  assert grouping.spread([1.0, 2.0, 6.0]) == (3.0, math.sqrt(14 / 2))
  assert grouping.spread([1.0]) == (1.0, None)
  assert grouping.spread([]) == (None, None)
  assert grouping.spread([1.0, math.nan]) == (None, None)
  assert tables.text('accuracy', [0.90, 0.92, 0.94]) == '92.00 ± 2.00%'
  assert tables.text('loss', [1.0, 2.0, 6.0]) == '3 ± 2.6'


def test_runs_that_differ_in_the_seed_alone_are_one_group(study, make):
  study['started'] = make('a', channels=6, seed=7, init_from='/somewhere')
  study['elsewhere'] = make('b', channels=6, seed=8, init_from='/else/where')
  groups = grouping.read(study)
  assert [[m.label for m in group.members] for group in groups] == [
    ['c3-0', 'c3-1', 'c3-2'],
    ['c6-0', 'c6-1', 'c6-2'],
    ['started', 'elsewhere'],
  ]
  assert [group.label for group in groups] == [
    'channels=3, init_from=',
    'channels=6, init_from=',
    'channels=6, init_from=WORKDIR',
  ]
  assert [group.look for group in groups] == ['c0', 'c1', 'c2']


def test_only_settings_that_differ_and_say_something_new_are_told():
  settings = {'experiment': 'a', 'gate': 'or', 'source': 'gate-or/1', 'steps': 9}
  other = settings | {'gate': 'xor', 'source': 'gate-xor/1'}
  assert grouping.differing([settings, other]) == ['gate']
  assert grouping.differing([settings, settings | {'source': '2'}]) == ['source']
  foreign = {'experiment': 'b', 'steps': 9, 'depth': 3, 'source': 'gate-or/1'}
  assert grouping.differing([settings, foreign]) == ['experiment']
  assert grouping.words([settings, other]) == ['gate=or', 'gate=xor']
  assert grouping.words([settings, other, foreign]) == [
    'a, gate=or',
    'a, gate=xor',
    'b',
  ]


def test_the_best_group_is_marked_and_none_of_its_runs(study, tmp_path):
  page = compare.write(study, tmp_path / 'page.html').read_text()
  assert re.findall(r'class="number best">([^<]*)', page) == ['96.00 ± 1.00%']
  words = Page(page).words
  assert 'channels=6 has the best accuracy' in words
  assert 'channels=3 comes next with 92.00 ± 2.00%' in words
  assert 'more than twice its standard error' in words  # 0.04 against 0.0129


def test_seeds_are_ranked_where_nothing_else_differs(make, tmp_path):
  runs = {str(seed): make(str(seed), 0.9 + seed / 100, seed=seed) for seed in range(3)}
  page = compare.write(runs, tmp_path / 'page.html').read_text()
  assert re.findall(r'class="number best">([^<]*)', page) == ['92.00%']
  assert 'over 3 runs that differ in the seed alone: 90.00% to 92.00%' in page


def test_results_on_different_data_are_not_ranked(make, tmp_path):
  runs = {'a': make('a', 0.8), 'b': make('b', 0.9, source='mnist/3.0.1')}
  page = compare.write(runs, tmp_path / 'page.html').read_text()
  assert 'number best' not in page
  assert 'used different data' in page
  assert 'class="held"' in page  # in the table, beside the data that it is of
  assert 'best constant answer, mnist/3.0.1' in page
  assert 'Someone 2001, on digits' in page
  assert '<i class="held"' not in page  # but not on an axis that they share


def test_what_runs_are_held_against_is_said_once(study, tmp_path):
  words = Page(compare.write(study, tmp_path / 'page.html').read_text()).words
  assert words.count('best constant answer 10.00%') == 1
  assert words.count('Someone 2001 97.00%') == 1


def test_an_unfinished_run_is_kept_and_marked(make, tmp_path):
  half = make('half', lines=history(0.7, (0, 50), ended=False), seed=1)
  runs = {'whole': make('whole'), 'half': half, 'empty': make('empty', lines=[])}
  words = Page(compare.write(runs, tmp_path / 'page.html').read_text()).words
  assert 'unfinished, 50 of 100' in words
  assert 'unfinished, 0 of 100' in words
  assert 'unfinished 2' in words
  assert '1 of 3 runs' in words
  assert '90.00%' in compare.summary(runs)
  assert 'unfinished, 50 of 100' in compare.summary(runs)


def test_runs_without_any_result_have_a_page_too(make, tmp_path):
  runs = {'a': make('a', lines=[]), 'b': make('b', lines=[], channels=3)}
  assert 'No run has a result' in compare.write(runs, tmp_path / 'p.html').read_text()


@pytest.mark.parametrize('name', ['config.json', 'manifest.json', 'metrics.jsonl'])
def test_a_damaged_or_missing_file_leaves_its_part_blank(study, tmp_path, name):
  (study['c3-0'] / name).write_text('{"step": 200, "spl')
  (study['c6-0'] / name).unlink()
  page = compare.write(study, tmp_path / 'page.html').read_text()
  assert all(label in page for label in study)
  assert 'Traceback' not in page
  assert compare.summary(study)


def test_figures_that_are_not_finite_break_nothing(make, tmp_path):
  burst = [line(0, 'validation', loss=None, accuracy=0.1)]
  burst += [line(9, 'train', loss=None), line(9, 'test', loss=None, accuracy=None)]
  runs = {'good': make('good'), 'bad': make('bad', lines=burst, seed=1)}
  runs['alone'] = make('alone', lines=burst, channels=3)
  page = compare.write(runs, tmp_path / 'page.html').read_text()
  assert not re.search(r' (d|style)="[^"]*(nan|inf)', page)
  assert '>nan<' in page


def test_runs_of_other_figures_and_steps_leave_blanks(make, tmp_path):
  gan = [line(7, 'train', d_loss=1.0), line(9, 'test', d_loss=1.0, seconds=2.0)]
  runs = {'a': make('a'), 'b': make('b', lines=gan, experiment='gan')}
  (first, second) = tables.table(grouping.read(runs), ['accuracy', 'd_loss'], tmp_path)
  assert (first.texts, second.texts) == (['90.00%', ''], ['', '1'])
  assert {c.name for _, c in compare.curves(grouping.read(runs))} == {
    'loss', 'accuracy', 'd_loss'
  }  # fmt: skip


def test_what_comes_from_outside_is_escaped(make, tmp_path):
  bad = {'command': EVIL, 'git': EVIL, 'devices': [f'gpu:0 {EVIL}']}
  published = [types.Figure('accuracy', 0.9, EVIL, EVIL)._asdict()]
  folder = make('odd', channels=EVIL, manifest=bad | {'published': published})
  runs = {EVIL: folder, 'b': make('b', experiment=EVIL, seed=3)}
  page = compare.write(runs, tmp_path / 'p.html', title=EVIL, doc=EVIL).read_text()
  assert '<script' not in page
  assert page.count('&lt;script') >= 10


def test_the_page_needs_nothing_from_elsewhere(study, tmp_path):
  text = compare.write(study, tmp_path / 'page.html', [picture()]).read_text()
  assert 'How they differ' in text
  tags = Page(text).tags
  assert not {'script', 'link', 'iframe', 'object', 'base'} & {tag for tag, _ in tags}
  for tag, attributes in tags:
    for name, value in attributes.items():
      assert not name.startswith('on')
      if tag != 'a' and name in ('src', 'href', 'xlink:href', 'srcset', 'data'):
        assert value.startswith(('data:', '#')), (tag, name, value[:80])


def test_the_same_runs_give_the_same_bytes(study, tmp_path, monkeypatch):
  page = tmp_path / 'page.html'
  first = compare.write(study, page, [picture()]).read_bytes()
  monkeypatch.chdir(tmp_path)  # wherever they are called from
  here = {label: folder.relative_to(tmp_path) for label, folder in study.items()}
  assert compare.write(here, page, [picture()]).read_bytes() == first


def test_links_lead_to_the_reports_of_the_runs(make, tmp_path):
  names = ['a', 'b c#d?e', 'ü:%20']
  runs = {name: make(f'runs/{name}', seed=i) for i, name in enumerate(names)}
  (runs['a'] / 'report' / 'index.html').unlink()
  target = tmp_path / 'deep' / 'er' / 'page.html'
  page = Page(compare.write(runs, target).read_text())
  links = [attributes['href'] for tag, attributes in page.tags if tag == 'a']
  assert len(links) == 2
  for link, name in zip(links, names[1:], strict=True):
    assert not urllib.parse.urlparse(link).scheme
    path = urllib.parse.unquote(urllib.parse.urlparse(link).path)
    assert (target.parent / path).resolve() == runs[name] / 'report' / 'index.html'


ODD = ['a b#?%20"\'&<x>[1]', '-dash', 'two\nlines\x1b[2J', os.fsdecode(b'\xff'), '사과']


def test_links_and_the_table_stand_any_name(make, tmp_path):
  runs = {name: make(name, lines=history(0.5)) for name in ODD}
  text = compare.write(runs, tmp_path / 'x.html').read_text(encoding='utf-8')
  links = set(re.findall(r'href="([^"#]+index\.html)"', text))
  found = {os.fsdecode(urllib.parse.unquote_to_bytes(link)) for link in links}
  assert found == {f'{name}/report/index.html' for name in ODD}
  lines = compare.summary(runs).splitlines()
  assert len(lines) == 2 + len(ODD)  # their names, the mean, each run
  assert all(line.isprintable() for line in lines)


def test_equal_steps_are_averaged_and_what_goes_beyond_them_is_thin():
  drawn = {'a': [(0, 1.0), (5, 2.0)], 'b': [(0, 3.0), (5, 6.0), (9, 7.0), (12, 8.0)]}
  mean, tail = compare.together('both', 'c0', drawn)
  assert mean == ('both', 'c0', [(0, 2.0), (5, 4.0)], [(0, 1.0, 3.0), (5, 2.0, 6.0)])
  assert tail == chart.Series('b', 'c0 thin', [(5, 6.0), (9, 7.0), (12, 8.0)])
  assert [s.look for s in compare.together('', 'c0', {'a': [(1, 1.0)], 'b': []})] == [
    'c0 thin', 'c0 thin'
  ]  # fmt: skip


def test_figures_with_the_same_curves_share_a_chart(make):
  alike = [line(s, 'validation', loss=3.0 - s, nats=3.0 - s) for s in (0, 1)]
  groups = grouping.read({'a': make('a', lines=alike), 'b': make('b', lines=alike)})
  assert [(split, c.name) for split, c in compare.curves(groups)] == [
    ('validation', 'loss, nats')
  ]
  ended = [*alike, line(9, 'test', loss=2.5, nats=2.5, accuracy=0.5)]
  groups = grouping.read({'c': make('c', lines=ended), 'd': make('d', lines=alike)})
  names = ['nats', 'accuracy', 'loss']
  found = [strip.name for strip in compare.strips(groups, names)]
  assert found == ['nats, loss', 'accuracy']


def test_of_too_many_groups_the_best_have_colours(make):
  runs = {str(n): make(str(n), 0.5 + n / 100, channels=n) for n in range(1, 13)}
  looks = [group.look for group in grouping.read(runs)]
  assert looks == ['rest', 'rest', *(f'c{i}' for i in range(10))]


def test_every_colour_has_its_place_in_the_style(study, tmp_path):
  page = compare.write(study, tmp_path / 'page.html').read_text()
  for number in range(grouping.HUES):
    assert page.count(f'--c{number}: #') == 2  # light and dark
    assert f'--hue: var(--c{number})' in page


def test_sub_folders_are_expanded_in_the_order_a_person_counts(make, tmp_path):
  for name in ('s10', 's9', 's1'):
    make(f'study/{name}')
  (tmp_path / 'study' / 'config.json').write_text('{}')  # the study's own
  found = grouping.expand(tmp_path / 'study')
  assert [folder.name for folder in found] == ['s1', 's9', 's10']
  assert grouping.expand(tmp_path / 'study' / 's9') == [tmp_path / 'study' / 's9']


def test_labels_are_the_shortest_that_tell_runs_apart(make, tmp_path, monkeypatch):
  label = lambda *folders: list(grouping.labelled(folders))
  a, b = make('x/a', channels=3), make('x/b', seed=1)
  assert label(a, b, a) == ['a', 'b']
  assert label(a, make('y/a')) == ['x/a', 'y/a']
  monkeypatch.chdir(a)
  assert label(Path()) == ['a']
  made = make('lenet-0123abcd', channels=9), make('lenet-4567cdef', channels=12)
  assert label(*made) == ['channels=9', 'channels=12']
  assert label(made[0], make('z/lenet-0123abcd', channels=9)) == [
    f'{tmp_path.name}/lenet-0123abcd', 'z/lenet-0123abcd'
  ]  # fmt: skip


def test_the_command_line_writes_the_page_and_says_where(
  study, tmp_path, monkeypatch, capsys
):
  monkeypatch.chdir(tmp_path)
  assert door.main(['study']) == 0
  said = capsys.readouterr().out.splitlines()
  assert said[-1] == 'comparison: comparison.html'
  assert len(said) == 1 + 2 + 6 + 1
  assert said[1].split() == ['channels=3', '92.00', '±', '2.00%', *said[1].split()[4:]]
  assert (tmp_path / 'comparison.html').exists()
  assert door.main(['study/c3-0', '--out=there/page.html']) == 0
  assert (tmp_path / 'there' / 'page.html').exists()
  assert door.main(['study/c3-0', '--out=there']) == 0
  assert (tmp_path / 'there' / 'comparison.html').exists()


@pytest.mark.parametrize(
  ('words', 'said'),
  [
    ([], 'no workdir was given'),
    (['--out=x.html'], 'no workdir was given'),
    (['nowhere'], 'there is no folder nowhere'),
    (['study', 'empty'], 'empty has no config.json'),
    (['damaged'], 'damaged has a damaged or foreign config.json'),
    (['study', '--ot=x'], '--ot=x was given'),
    (['study', '--out=study/c3-0/config.json/x.html'], 'another place with --out'),
  ],
)
def test_what_the_user_can_mend_is_one_sentence_and_code_2(
  study, tmp_path, monkeypatch, capsys, words, said
):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'empty').mkdir()
  (tmp_path / 'damaged').mkdir()
  (tmp_path / 'damaged' / 'config.json').write_text('{"experiment"')
  assert door.main(words) == 2
  error = capsys.readouterr().err
  assert error.startswith('error: ')
  assert said in error
  assert error.count('\n') == 1
  assert not list(tmp_path.glob('*.html'))


def test_the_module_of_the_report_is_the_door():
  door = [sys.executable, '-m', 'dl_core.report']
  done = subprocess.run(door, capture_output=True, text=True)
  assert (done.returncode, done.stdout) == (2, '')
  assert done.stderr == (
    'error: no workdir was given; name one or more, python -m dl_core.report '
    'WORKDIR...\n'
  )


def test_a_terminal_without_our_characters_gets_the_table_all_the_same(study, tmp_path):
  ascii = {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
  door = [sys.executable, '-m', 'dl_core.report', str(tmp_path / 'study')]
  out = f'--out={tmp_path / "p.html"}'
  done = subprocess.run([*door, out], capture_output=True, env=os.environ | ascii)
  assert (done.returncode, done.stderr) == (0, b'')
  assert b'92.00 ? 2.00%' in done.stdout
  assert '92.00 ± 2.00%' in (tmp_path / 'p.html').read_text(encoding='utf-8')


def test_a_page_that_cannot_be_replaced_stays_as_it_was(study, tmp_path, monkeypatch):
  target = tmp_path / 'there' / 'page.html'
  before = compare.write(study, target).read_bytes()

  def refuse(*paths):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(workdir.os, 'replace', refuse)
  with pytest.raises(OSError, match='No space'):
    compare.write(study, target, title='Another')
  assert [path.name for path in target.parent.iterdir()] == ['page.html']
  assert target.read_bytes() == before


def test_help_is_no_error(capsys):
  assert door.main(['--help']) == 0
  assert '--out' in capsys.readouterr().out


def test_versions_and_devices_are_said_of_each_run_only_where_they_differ(
  make, tmp_path
):
  gpu = {'devices': ['gpu:0 NVIDIA H100', 'gpu:1 NVIDIA H100']}
  runs = {'a': make('a'), 'b': make('b', manifest=gpu, seed=1)}
  found = tables.origin([m for g in grouping.read(runs) for m in g.members], tmp_path)
  assert found.names == ['device']
  assert [values for *_, values in found.rows] == [['CPU'], ['2 × NVIDIA H100']]
  command = 'python -m experiments.lenet'
  assert found.shared == {'command': command, 'python': '3.11.2', 'jax': '0.10.2'}
  assert [folder for _, folder, *_ in found.rows] == ['a', 'b']


def test_settings_that_all_share_are_said_once(study, tmp_path):
  members = [m for g in grouping.read(study) for m in g.members]
  found = tables.common(members)
  assert found.settings == {'steps': 100, 'init_from': ''}
  assert found.unchanged == ['init_from']
  words = Page(compare.write(study, tmp_path / 'p.html').read_text()).words
  assert words.count('default 1000') == 1


def test_the_report_of_a_run_is_no_other_for_being_compared(study, tmp_path):
  written = page.write(study['c3-0'])
  before = written.read_bytes()
  compare.write(study, tmp_path / 'page.html')
  assert written.read_bytes() == before
