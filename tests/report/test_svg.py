import html
import os
import re
import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from dl_core import types
from dl_core.report import compare, page, svg

NAMES = ['a\udc80', 'b\x01', '사과', '$5$', r'$\frac$', 'x$y', r'e$_1$\ ', '']


def of(draw, title='A curve', claims=()):
  return types.Picture(title, 'What to see.', draw, claims)


def named(names=NAMES):
  """Draws names in every place where a label can stand."""
  figure = Figure(figsize=(5, 4))
  axes = figure.subplots(1, 2)
  axes[0].imshow([[1.0] * len(names)])
  axes[0].set_xticks(range(len(names)), names, rotation=90)
  axes[1].bar([name or '-' for name in names], 1.0)
  for name in names:
    axes[1].plot([1], [1], label=name)
    axes[1].annotate(name, (0, 0))
    figure.suptitle(name)
  axes[1].legend()
  axes[0].set_title(''.join(names))
  return figure


def broken():
  raise ValueError('three rows\nwere <wanted>')


def test_labels_are_drawn_as_they_stand_whatever_they_are_made_of():
  art = svg.draw(of(named, 'Title\udc80')).art
  for label in (r'a\udc80', r'b\x01', '사과', '$5$', r'$\frac$', 'x$y', r'e$_1$\ '):
    assert art.count(f'>{label}</text>') >= 3, label
  art.encode()
  assert '\x01' not in art


def test_powers_of_ten_on_an_axis_stay_mathematics():
  def curve():
    figure = Figure()
    figure.subplots().loglog([1, 1e3], [1e-4, 1e4])
    return figure

  art = re.sub('<!--.*?-->', '', svg.draw(of(curve)).art)
  assert art.count('<tspan') >= 12  # 1, 0 and a raised exponent, at each tick
  assert '$' not in art


def test_text_of_other_figures_is_as_it_was_after_drawing():
  svg.attempt(of(broken))
  figure = Figure()
  assert figure.suptitle('$x$').get_text() == '$x$'


def test_a_picture_that_fails_is_a_sentence_on_a_page_that_is_written(tmp_path):
  claim = types.Claim('It holds all the same', True, '1')
  fine = of(lambda: 'words', 'Fine')
  pictures = [of(broken, 'The <one>', (claim,)), fine]
  text = page.write(tmp_path, pictures).read_text(encoding='utf-8')
  sentence = '“The <one>” could not be drawn: ValueError: three rows were <wanted>'
  assert html.escape(sentence) in text
  assert 'It holds all the same' in text
  assert '<pre>words</pre>' in text
  assert page.undrawn(tmp_path) == [sentence]
  page.write(tmp_path, [fine])
  assert page.undrawn(tmp_path) == []


def test_a_page_that_compares_survives_a_picture_that_fails(tmp_path):
  target = tmp_path / 'report' / 'index.html'
  compare.write({}, target, [of(broken), of(lambda: 1)], title='a study')
  first, second = page.undrawn(tmp_path)
  assert 'three rows' in first
  assert 'AttributeError' in second


def test_a_run_without_a_report_lacks_no_picture(tmp_path):
  assert page.undrawn(tmp_path) == []


def test_an_interrupt_while_drawing_is_not_a_failed_picture():
  def interrupted():
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    svg.attempt(of(interrupted))


SCRIPT = """
import sys
from dl_core.report import svg
from dl_core.types import Picture

def draw():
  from matplotlib.figure import Figure
  figure = Figure()
  figure.subplots().plot([0, 1], [0, 2], label='\\uc0ac\\uacfc')
  figure.legend()
  return figure

art = svg.draw(Picture('A curve', '', draw)).art
sys.stdout.buffer.write(art.encode())
"""
ODD = """
lines.linewidth: 9
text.usetex: True
font.size: 40
svg.fonttype: path
savefig.facecolor: red
axes.unicode_minus: False
backend: nonsense
figure.dpi: 300
"""
DAMAGED = b'backend: nonsense\nfont.size: -3\nno setting\n\xff\xfe\n'


@pytest.mark.parametrize(
  'surroundings',
  [
    {'MPLBACKEND': 'module://matplotlib_inline.backend_inline'},
    {'MPLBACKEND': 'nonsense'},
    {'MPLBACKEND': ''},
    {'MATPLOTLIBRC': '.'},
    {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'},
    {'MPLCONFIGDIR': '/dev/null'},
    {'MPLCONFIGDIR': '/proc/1'},
    {'HOME': ''},
  ],
)
def test_the_machine_has_no_say_in_how_a_picture_looks(tmp_path, surroundings):
  """A notebook's backend, a matplotlibrc, the locale: the same bytes."""
  here = [path for path in sys.path if path]
  base = {k: v for k, v in os.environ.items() if not k.startswith(('MPL', 'MATPLOT'))}
  base |= {'PYTHONPATH': os.pathsep.join([os.getcwd(), *here])}
  (tmp_path / 'odd').mkdir()
  (tmp_path / 'odd' / 'matplotlibrc').write_text(ODD)
  drawn = [
    subprocess.run(
      [sys.executable, '-c', SCRIPT],
      env=base | more,
      cwd=tmp_path / 'odd' if 'MATPLOTLIBRC' in more else tmp_path,
      stdout=subprocess.PIPE,
      check=True,
    ).stdout
    for more in ({}, surroundings)
  ]
  assert drawn[0] == drawn[1]
  assert '사과'.encode() in drawn[0]


@pytest.mark.parametrize('where', ['here', 'MATPLOTLIBRC', 'MPLCONFIGDIR', 'HOME'])
def test_a_damaged_matplotlibrc_is_not_read(tmp_path, where):
  folder = tmp_path / ('.config/matplotlib' if where == 'HOME' else '.')
  folder.mkdir(parents=True, exist_ok=True)
  (folder / 'matplotlibrc').write_bytes(DAMAGED)
  elsewhere = tmp_path / 'elsewhere'
  elsewhere.mkdir()
  names = ('MPL', 'MATPLOT', 'XDG_CONFIG')
  base = {k: v for k, v in os.environ.items() if not k.startswith(names)}
  here = [path for path in sys.path if path]
  base |= {'PYTHONPATH': os.pathsep.join([os.getcwd(), *here])}
  done = subprocess.run(
    [sys.executable, '-c', SCRIPT],
    env=base | ({} if where == 'here' else {where: str(tmp_path)}),
    cwd=tmp_path if where == 'here' else elsewhere,
    capture_output=True,
    check=True,
  )
  assert '사과'.encode() in done.stdout
  assert b'nonsense' not in done.stderr


def test_the_backend_of_the_user_stays_theirs(tmp_path):
  code = (
    'from dl_core.report import svg; svg.library(); import matplotlib, os; '
    "print(os.environ['MPLBACKEND'], matplotlib.rcParams['backend'])"
  )
  done = subprocess.run(
    [sys.executable, '-c', code],
    env=os.environ | {'MPLBACKEND': 'svg'},
    capture_output=True,
    text=True,
    check=True,
  )
  assert done.stdout.split() == ['svg', 'svg']
