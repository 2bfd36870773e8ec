"""The page itself: what stands on it, and what a browser makes of it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dl_core.course import book, plan, texts
from dl_core.course.evidence import Evidence
from dl_core.report import claims, compare, draw
from dl_core.types import Claim, Picture, UserError
from experiments import course

ROOT = Path(__file__).parents[2]
FILES = ROOT / 'experiments' / 'lectures'
LANGUAGES = {name: texts.read(FILES / f'{name}.toml') for name in ('en', 'ko')}
SECTIONS = plan.read(FILES / 'plan.toml')
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
SHOWN = (
  Claim('A product of matrices is not commutative', True, '3 apart'),
  Claim('KL(P‖Q) and KL(Q‖P) differ', False, 'by 0'),
)


def drawn():
  figure, axes = draw.panel(7, 3, xlabel='step')
  axes.plot([0, 1], [0, 1])
  return figure


@pytest.fixture(scope='module')
def page(tmp_path_factory):
  """Writes the page in both languages, with one run of a study in its folder."""
  place = tmp_path_factory.mktemp('course')
  run = place / 'runs' / 'mathematics'
  (run / 'report').mkdir(parents=True)
  stored = {
    'experiment': 'mathematics', 'doc': 'Mathematics.', 'settings': {}, 'classes': [],
    'defaults': {'seed': 0}, 'identity': {'seed': 0, 'source': ''},
  }  # fmt: skip
  manifest = {
    'command': 'python -m experiments.mathematics', 'git': '', 'devices': [],
    'started': '2026-01-02T03:04:05+00:00', 'machine': 'x86_64', 'versions': {},
  }  # fmt: skip
  (run / 'config.json').write_text(json.dumps(stored))
  (run / 'manifest.json').write_text(json.dumps(manifest))
  pictures = [Picture('A picture', '', drawn, SHOWN), Picture('Text', '', lambda: 'x')]
  claims.write(run, pictures)
  (run / 'metrics.jsonl').write_text(json.dumps(claims.line(run, 5.0)) + '\n')
  compare.write({}, run / 'report' / 'index.html', pictures)
  out = place / 'page'
  settings = course.Config(language='ko', runs=str(place / 'runs'), out=str(out))
  assert course.main(settings) == 0
  return out


def text_of(path):
  return html.unescape(path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', ['en', 'ko'])
def test_every_row_correction_and_command_is_on_the_page(page, name):
  text, own = text_of(page / f'{name}.html'), LANGUAGES[name]
  rows = [row for section in SECTIONS for row in section.rows]
  assert re.findall('data-row="(.*?)"', text) == [row.key for row in rows]
  for row in rows:
    assert own(f'rows.{row.key}.text') in text
    assert row.commands or own(f'rows.{row.key}.why') in text
  for key in own.under('errata'):
    assert own(f'errata.{key}') in text
  for command in {c for row in rows for c in row.commands}:
    assert f'<code>python -m experiments.{command}</code>' in text
  shown = re.sub('<(script|style)>.*?</\\1>|<[^>]*>', '', text, flags=re.DOTALL)
  assert '{' not in shown


@pytest.mark.parametrize('name', ['en', 'ko'])
def test_a_run_is_shown_with_its_claims_its_pictures_and_its_report(page, name):
  text, own = text_of(page / f'{name}.html'), LANGUAGES[name]
  card = text.partition('id="mathematics"')[2].partition('</article>')[0]
  assert own('claims.mathematics/algebra.product_matrices_not') in card
  assert f'<em>{own("page.fails")}</em>' in card
  assert own('page.tally', hold=1, count=2) in card
  for link in re.findall('(?:src|href)="(reports/.*?)"', card):
    assert (page / link).exists()
  assert card.count('<img') == 1
  assert (page / 'reports' / 'mathematics' / 'report' / 'index.html').exists()


def test_the_totals_stand_at_the_top_and_count_every_claim(page):
  text = text_of(page / 'en.html')
  count, hold = 0, 0
  for tally in re.findall(r'class="tally.*?">(\d+) of (\d+) hold', text):
    hold, count = hold + int(tally[0]), count + int(tally[1])
  assert count > 200
  assert text.index(f'{hold} of {count} claims hold') < text.index('id="lecture-1"')
  failing = text.partition('<ul class="why">')[2].partition('</ul>')[0]
  each = [int(n) for n in re.findall(r'(\d+) of \d+ do not hold', failing)]
  assert sum(each) == count - hold
  for name in re.findall('<code>(.*?)</code>', failing):
    known = name == 'mathematics' or f'failed.{name}' in LANGUAGES['en'].flat
    assert known, f'why do claims of {name} not hold? write failed.{name}'


def test_index_is_in_the_asked_language_and_links_to_the_other(page):
  assert (page / 'index.html').read_bytes() == (page / 'ko.html').read_bytes()
  assert '<html lang="ko">' in text_of(page / 'index.html')
  assert 'href="en.html"' in text_of(page / 'index.html')


def test_the_page_loads_nothing_from_the_network(page):
  for path in page.glob('*.html'):
    assert not re.findall(
      '(?:src=|href=|url\\(|@import)["\']?(?:https?:)?//', text_of(path)
    )


def test_anchors_are_unique_and_every_link_inside_leads_somewhere(page):
  text = text_of(page / 'en.html')
  ids = re.findall(' id="(.*?)"', text)
  assert len(ids) == len(set(ids))
  assert set(re.findall('href="#(.*?)"', text)) <= set(ids)


def test_only_the_search_needs_javascript(page):
  body = re.sub(
    '<(script|style)>.*?</\\1>', '', text_of(page / 'en.html'), flags=re.DOTALL
  )
  assert re.findall(r'<(\w+)[^>]* hidden[ >]', body) == ['label']


FRAME = """<!doctype html><meta name="color-scheme" content="light dark">
<iframe src="{name}" style="width: {width}px; height: 900px; border: 0"></iframe>
<script>addEventListener('message', event => {{
  const found = document.createElement('pre');
  found.textContent = event.data;
  document.body.append(found);
}});</script>"""


def scripted(name):
  """Returns a script of this folder as an element."""
  text = Path(__file__).with_name(name).read_text(encoding='utf-8')
  return f'<script>\n{text}</script>'


def driven(page, name, width, *flags):
  """Uses the page in Chromium, `width` pixels wide; returns what was seen."""
  text = (page / f'{name}.html').read_text(encoding='utf-8')
  text = text.replace('<head>', '<head>' + scripted('before.js'), 1).replace(
    '</body>', scripted('drive.js') + '</body>'
  )
  path = page / f'driven-{name}-{width}.html'
  path.write_text(text, encoding='utf-8')
  outer = path.with_name(f'outer-{path.name}')
  # A window has a least width, a frame has none.
  outer.write_text(FRAME.format(width=width, name=path.name))
  done = subprocess.run(
    [
      CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
      '--window-size=1500,1000', '--virtual-time-budget=5000', '--dump-dom', *flags,
      outer.as_uri(),
    ],
    capture_output=True, text=True, timeout=300, check=True,
  )  # fmt: skip
  found = re.findall('<pre>(.*?)</pre>', done.stdout)
  assert found, done.stderr[-2_000:]
  return json.loads(html.unescape(found[0]))


@pytest.mark.skipif(CHROMIUM is None, reason='Chromium is not installed here')
@pytest.mark.parametrize(
  ('name', 'width', 'flags'),
  [
    ('en', 1400, ()),
    ('ko', 768, ()),
    ('ko', 360, ()),
    ('en', 360, ('--blink-settings=preferredColorScheme=0', '--force-dark-mode')),
  ],
)
def test_a_browser_shows_searches_and_copies(page, name, width, flags):
  seen, own = driven(page, name, width, *flags), LANGUAGES[name]
  assert seen['width'] == width
  assert seen['dark'] == bool(flags)
  assert seen['overflow'] <= 0
  assert seen['faint'] == []
  assert seen['wrong'] == []
  assert seen['focused']
  assert 'mathematics' in seen['cards']
  assert len(seen['cards']) < seen['all'] / 2
  assert any('KL(P' in claim for claim in seen['claims'])
  assert not any(
    own('claims.mathematics/algebra.product_matrices_not')[:20] in claim
    for claim in seen['claims']
  )
  assert re.search(r'\d', seen['said'])
  assert seen['none'] == 0
  assert seen['after'] == seen['all']
  assert seen['blurred']
  assert seen['moved']
  assert seen['back']
  assert seen['copies'] == seen['all']
  assert seen['copied'] == own('page.copied')
  assert all(seen['images'])


def test_without_any_claim_the_page_says_so(tmp_path):
  sections, languages = plan.chosen(SECTIONS, ('13',)), list(LANGUAGES.values())
  found = {command: Evidence(command) for command in sections[0].commands}
  book.write(book.Book(sections, found, languages, FILES.parent, tmp_path), 'en')
  own, text = LANGUAGES['en'], text_of(tmp_path / 'index.html')
  assert own('page.unclaimed') in text
  assert 'class="meter"' not in text
  card = text.partition('id="vae_or_gan"')[2].partition('</article>')[0]
  assert own('claims.adversarial/vae_or_gan.a_dcgan_makes_better_images') in card
  assert own('claims.unsupervised/generation.images_vae_blurrier') not in card
  row = text.partition('id="U14"')[2].partition('</li>')[0]
  assert 'href="#stylegan"' in row
  assert own('rows.U14.why') in row


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
  (tmp_path / 'file').touch()
  with pytest.raises(UserError, match='name another folder'):
    course.main(course.Config(lectures=('1',), out=str(tmp_path / 'file')))
