"""The plans that the docstring of seq2seq shows."""

import json
import re

import pytest

from dl_core import launch
from experiments import seq2seq

PLANS = {13_890_309: 'none', 20_515_333: 'additive'}  # and the attention


def documented():
  """Returns {number of parameters: words of the command} of the docstring's plans."""
  text = seq2seq.__doc__.replace('\\\n', ' ')
  found = re.findall(
    r'python -m experiments\.seq2seq (.*--plan) +# ([\d,]+) parameters', text
  )
  return {int(n.replace(',', '')): words.split() for words, n in found}


@pytest.mark.parametrize('count', PLANS)
def test_a_documented_plan_has_its_number_of_parameters_and_needs_no_data(
  count, tmp_path
):
  words = documented()[count]
  assert f'--attention={PLANS[count]}' in words
  where = [f'--data_dir={tmp_path / "none"}', f'--workdir={tmp_path / "run"}']
  small = ['--batch_size=1', '--longest=2']  # quicker to compile
  assert launch.run(seq2seq, 'seq2seq', ['', *words, *where, *small]) == 0
  found = json.loads((tmp_path / 'run' / 'plan.json').read_text())
  assert found['parameters'] == count
  assert [path.name for path in tmp_path.rglob('*')] == ['run', 'plan.json']
