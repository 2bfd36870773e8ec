"""The page of the course: sections, claims and evidence, put into one template."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.course import copies, evidence, lessons, words
from dl_core.course import texts as texts_of
from dl_core.course.evidence import Evidence
from dl_core.course.plan import Section
from dl_core.course.texts import Claims, Texts
from dl_core.report import page
from dl_core.types import Claim

PLACES = '--workdir', '--data_dir'
Translators = tuple[Claims, words.Phrases]


class Book(NamedTuple):
  """What a page is made of.

  Attributes:
    sections: in the order of the page.
    found: {command: evidence for it}.
    languages: all languages, English first.
    package: folder of the experiments.
    out: folder of the page.
  """

  sections: Sequence[Section]
  found: Mapping[str, Evidence]
  languages: Sequence[Texts]
  package: Path
  out: Path


def write(book: Book, language: str) -> Path:
  """Writes the page in every language, and index.html in one; returns its path.

  Raises:
    OSError: the folder cannot be written.
  """
  book.out.mkdir(parents=True, exist_ok=True)
  drawn = {
    command: copies.drawn(each, book.out) for command, each in book.found.items()
  }
  for texts in book.languages:
    english = book.languages[0]
    tools = texts_of.claims(english), words.Phrases(english, texts)
    others = [each for each in book.languages if each is not texts]
    for target in {texts.language, 'index' if texts.language == language else ''}:
      if target:
        page.render(
          'course.html',
          book.out / f'{target}.html',
          lang=texts.language,
          t=texts,
          others=[(each.language, each('page.language')) for each in others],
          sections=[
            _section(book, each, texts, drawn, tools) for each in book.sections
          ],
          **_totals(book, texts),
        )
  return book.out / 'index.html'


def _totals(book: Book, texts: Texts) -> dict[str, Any]:
  """Returns how many claims there are, how many hold, and why others do not."""
  count, hold = evidence.totals(book.found.values())
  failed = [
    {
      'name': each.name,
      'anchor': each.anchor,
      'count': each.total,
      'missing': each.total - each.hold,
      'why': texts.get(f'failed.{each.name}'),
    }
    for each in book.found.values()
    if each.hold < each.total
  ]
  measured = [each for each in book.found.values() if each.summary]
  return {
    'count': count,
    'hold': hold,
    'failed': failed,
    'experiments': len(book.found),
    'measured': len(measured),
    'shown': sum(each.folder is not None for each in measured),
  }


def _section(
  book: Book,
  section: Section,
  texts: Texts,
  drawn: Mapping[str, Any],
  tools: Translators,
) -> dict[str, Any]:
  key = f'sections.{section.key}'
  lecture = section.key.isdigit()
  there = {row.key for each in book.sections for row in each.rows}
  cards = [_card(book, book.found[c], texts, drawn[c], tools) for c in section.commands]
  return {
    'key': section.key,
    'anchor': f'{"lecture" if lecture else "chapter"}-{section.key}',
    'over': texts('page.lecture', n=section.key) if lecture else texts('page.chapter'),
    'short': section.key if lecture else '',
    'title': texts(f'{key}.title'),
    'says': texts(f'{key}.says').strip().split('\n\n'),
    'rows': [_row(book, row.key, row.commands, texts) for row in section.rows],
    'related': [
      (row, texts(f'rows.{row}.text'), row in there) for row in section.related
    ],
    'errata': [texts(f'errata.{each}') for each in section.errata],
    'cards': cards,
    'count': sum(card['evidence'].total for card in cards),
    'hold': sum(card['evidence'].hold for card in cards),
  }


def _row(book: Book, key: str, commands: Sequence[str], texts: Texts) -> dict[str, Any]:
  return {
    'key': key,
    'text': texts(f'rows.{key}.text'),
    'why': texts.get(f'rows.{key}.why'),
    'links': [
      {'words': c, 'anchor': evidence.anchor(c), 'here': c in book.found}
      for c in commands
    ],
  }


def _card(
  book: Book,
  each: Evidence,
  texts: Texts,
  drawn: Sequence[Mapping[str, Any]],
  tools: Translators,
) -> dict[str, Any]:
  shown = [_said(claim, texts, *tools) for claim in each.claims]
  by_sentence = {claim.sentence: s for claim, s in zip(each.claims, shown, strict=True)}
  blocks, used = [], set()
  for art in drawn:
    own = [by_sentence[s] for s in art['claims'] if s in by_sentence]
    used |= {s for s in art['claims'] if s in by_sentence}
    title = _title(art['title'], book.languages[0], texts)
    blocks.append(
      {
        **art,
        'claims': own,
        'title': title or art['title'],
        'language': '' if title else 'en',
      }
    )
  rest = [s for claim, s in by_sentence.items() if claim not in used]
  summary = each.summary
  command = f'python -m {book.package.name}.{each.command}'
  recorded = _bare(summary.command) if summary else command
  return {
    'evidence': each,
    'anchor': each.anchor,
    'name': each.name,
    'title': texts(f'titles.{each.name}'),
    'command': command,
    'blocks': blocks,
    'claims': rest,
    'unseen': [] if each.claims else _unseen(book, each, texts),
    'figure': words.figure(texts, summary.figure) if summary else '',
    'measured': words.value(texts, summary.measured) if summary else '',
    'baseline': summary.baseline if summary else '',
    'published': summary.published if summary else (),
    'elsewhere': summary.elsewhere if summary else (),
    'source': summary.source if summary else '',
    'time': words.duration(texts, summary.seconds) if summary else '',
    'recorded': '' if recorded == command else recorded,
    'report': copies.report(each) if each.folder else '',
  }


def _bare(command: str) -> str:
  """Returns a recorded command without the places of its data and its workdir."""
  kept = [w for w in shlex.split(command) if w.partition('=')[0] not in PLACES]
  return shlex.join(kept)


def _title(title: str, english: Texts, texts: Texts) -> str:
  """Returns the title of a picture in a language, '' where it is not known."""
  for key, text in english.under('pictures').items():
    if found := re.fullmatch(texts_of.expression(text), title):
      return texts_of.fill(texts.get(f'pictures.{key}'), found.groupdict())
  return ''


def _said(
  claim: Claim, texts: Texts, recognise: Claims, phrases: words.Phrases
) -> dict[str, Any]:
  found = recognise.find(claim.sentence)
  known = found is not None and found.key in texts.flat
  return {
    'holds': bool(claim.holds),
    'sentence': (
      texts_of.said(texts, found, phrases) if found and known else claim.sentence
    ),
    'language': '' if known else 'en',
    'measured': phrases(claim.measured),
  }


def _unseen(book: Book, each: Evidence, texts: Texts) -> list[dict[str, Any]]:
  """Returns the claims of a study whose record has their number but not their texts."""
  source = book.package / f'{each.name}.py'
  groups = {key.rpartition('.')[0] for key in texts.under('claims')}
  found = [
    re.sub('…+', '…', texts_of.HOLE.sub('…', sentence))
    for group in lessons.of(source, groups)
    for sentence in texts.under(f'claims.{group}').values()
    if texts_of.worded(sentence)
  ]
  verdict = each.total and (each.hold == each.total or (each.hold == 0 and -1))
  return [{'sentence': sentence, 'verdict': int(verdict)} for sentence in found]
