"""Names of things in many languages, from the locale data (CLDR) in Babel."""

import importlib.metadata
import re
import unicodedata
from collections.abc import Iterator

INSTALLED = importlib.metadata.version('babel')
VERSION = '.'.join(re.findall(r'\d+', f'{INSTALLED}.0')[:3])
LANGUAGES = {
  'en': 'English',
  'de': 'German',
  'fr': 'French',
  'es': 'Spanish',
  'it': 'Italian',
  'pt': 'Portuguese',
  'nl': 'Dutch',
  'sv': 'Swedish',
  'fi': 'Finnish',
  'pl': 'Polish',
  'cs': 'Czech',
  'hu': 'Hungarian',
  'tr': 'Turkish',
  'ro': 'Romanian',
  'vi': 'Vietnamese',
  'id': 'Indonesian',
}

Concept = tuple[str, str]  # a kind, and what CLDR calls the thing itself


def names(code: str) -> dict[Concept, str]:
  """Returns the names of all concepts in a language, in lower case."""
  from babel import Locale

  return {
    concept: lower(code, name) for concept, name in concepts(Locale(code)) if name
  }


def concepts(locale) -> Iterator[tuple[Concept, str]]:
  """Yields all that CLDR names in a language, with the names."""
  kinds = {
    'territory': locale.territories,
    'language': locale.languages,
    'script': locale.scripts,
    'currency': locale.currencies,
    'month': locale.months['stand-alone']['wide'],
    'day': locale.days['stand-alone']['wide'],
    'unit': {
      unit: names.get('long') for unit, names in locale.unit_display_names.items()
    },
  }
  for kind, named in kinds.items():
    for code, name in named.items():
      yield (kind, str(code)), name


def lower(code: str, name: str) -> str:
  """Returns a name in lower case; Turkish has an i with a dot and one without."""
  if code == 'tr':
    name = name.replace('İ', 'i').replace('I', 'ı')
  return unicodedata.normalize('NFC', name.lower())
