"""`--prompt` of models that answer a text: one, or each line of the standard input."""

import io

import pytest

from dl_core import launch
from dl_core.data import copies
from experiments import seq2seq

TINY = ('--dataset=copies', '--steps=60', '--hidden=32', '--longest=4', '--widths=')
FAST = ('--learning_rate=0.03', '--eval_every=60', '--average=0.5')


@pytest.fixture(scope='session')
def copier(tmp_path_factory):
  """A short run of copies of one to three letters."""
  folder = tmp_path_factory.mktemp('copier') / 'seq2seq'
  words = ['prog', f'--workdir={folder}', *TINY, *FAST]
  assert launch.run(seq2seq, 'seq2seq', words) == 0
  return folder


@pytest.fixture
def answer(copier, capsys, monkeypatch):
  """Calls it with a prompt: (exit code, lines on stdout, stderr)."""
  monkeypatch.setattr('sys.argv', ['prog'])

  def call(*words, said=''):
    monkeypatch.setattr('sys.stdin', io.StringIO(said))
    code = launch.run(seq2seq, 'seq2seq', ['prog', f'--workdir={copier}', *words])
    found = capsys.readouterr()
    return code, found.out.splitlines(), found.err

  return call


def test_a_prompt_is_answered_in_one_line_of_letters(answer):
  code, (line,), _ = answer('--prompt=ab')
  assert code == 0
  assert set(line) <= set('abcdefghijklmnopqrstuvwxyz\ufffd')
  assert len(line) <= 4
  assert answer('--prompt=ab')[:2] == (0, [line])


def test_each_line_is_answered_like_a_prompt_and_a_bad_one_does_not_end_it(answer):
  code, lines, err = answer('--prompt=-', said='ab\n\nabcdef\nba\n')
  assert code == 0
  assert lines == [answer(f'--prompt={text}')[1][0] for text in ('ab', 'ba')]
  assert "error: 'abcdef' was given; give 1 to 3 letters" in err


def test_a_prompt_that_cannot_be_read_is_refused(answer):
  code, lines, err = answer('--prompt=abcdef')
  assert (code, lines) == (2, [])
  assert err.count('\n') == 1


def test_a_beam_search_answers_too(answer):
  code, (line,), _ = answer('--prompt=ab', '--beam=4')
  assert code == 0
  assert len(line) <= 4


def test_copies_keep_their_letters(copier):
  assert (copier / 'vocabulary.json').read_text() == copies.LETTERS.content
