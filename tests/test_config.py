import dataclasses
import math

import pytest

from dl_core import config
from dl_core.launch import flags
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Own(config.Config):
  steps: int = 7  # a new default, the help and the bounds of the base
  width: int = config.field(4, 'units of the layer', low=1, below=10)
  decay: float = config.field(0.5, 'of the weights', low=0, below=1)
  shape: str = config.field('disc', 'of the kernel', choices=('disc', 'box'))
  bias: bool = config.field(True, 'whether there is one')


RECIPES = {'big': {'steps': 100, 'width': 8}}


def parse(*words, cls=Own, recipes=RECIPES):
  return flags.parse(cls, recipes, ['program', *words])


def test_flags_become_values_of_their_own_type():
  c, rest = parse(
    '--width=3', '--decay', '0.25', '--shape=box', '--nobias', '--keep_best', 'a.png'
  )
  assert (c.width, c.decay, c.shape, c.bias, c.keep_best) == (3, 0.25, 'box', False, 1)
  assert rest == ['a.png']
  assert c.batch_size == config.Config.batch_size


def test_no_flags_give_the_defaults():
  assert parse()[0] == Own()


def test_a_whole_number_is_a_number_for_a_float_on_both_ways():
  assert parse('--decay=0')[0].decay == 0.0
  assert Own(decay=0).decay == 0


def test_a_new_default_keeps_help_and_bounds():
  assert config.rule_of(Own, 'steps') == config.rule_of(config.Config, 'steps')
  assert Own().steps == 7
  with pytest.raises(UserError, match='--steps=-1 was given'):
    parse('--steps=-1')
  with pytest.raises(UserError, match='--steps=-1 was given'):
    Own(steps=-1)
  assert 'training steps' in flags.help_text('', Own, {})


def test_the_last_declaration_of_a_rule_counts():
  @dataclasses.dataclass(frozen=True)
  class Narrow(Own):
    width: int = config.field(2, 'narrower', low=2, below=3)

  @dataclasses.dataclass(frozen=True)
  class Default(Narrow):
    width: int = 2

  assert config.rule_of(Default, 'width').help == 'narrower'
  with pytest.raises(UserError):
    Default(width=3)


def test_a_data_set_brings_its_defaults_and_explicit_flags_win():
  c, _ = parse('--dataset=big')
  assert (c.steps, c.width) == (100, 8)
  c, _ = parse('--steps=7', '--dataset=big')  # 7 is the default, but it was given
  assert (c.steps, c.width) == (7, 8)
  assert parse('--dataset=other')[0].steps == 7


def test_the_recipe_of_the_default_data_set_counts_without_a_flag():
  assert parse(recipes={'digits': {'steps': 9}})[0].steps == 9


@pytest.mark.parametrize(
  ('word', 'hint'),
  [
    ('--learning_rat=1', 'did you mean --learning_rate?'),
    ('--widht=1', 'did you mean --width?'),
    ('--qqqqqq', '--help lists the flags'),
  ],
)
def test_an_unknown_flag_is_told_the_nearest_one(word, hint):
  with pytest.raises(UserError) as caught:
    parse(word)
  assert hint in str(caught.value)
  assert '\n' not in str(caught.value)


def test_flags_come_from_a_file_too(tmp_path):
  file = tmp_path / 'flags'
  file.write_text('--width=3\n--nobias\n')
  c, _ = parse(f'--flagfile={file}')
  assert (c.width, c.bias) == (3, False)


# kind, name, what one would type, the same from Python
WRONG = (
  ('width', '0', 0),
  ('width', '10', 10),
  ('width', '2.5', 2.5),
  ('width', 'many', 'many'),
  ('width', 'nan', math.nan),
  ('width', 'True', True),
  ('decay', 'nan', math.nan),
  ('decay', 'inf', math.inf),
  ('decay', '-inf', -math.inf),
  ('decay', '-0.1', -0.1),
  ('decay', '1', 1),
  ('decay', 'much', 'much'),
  ('decay', 'False', False),
  ('learning_rate', '0', 0),
  ('learning_rate', 'nan', math.nan),
  ('shape', 'ring', 'ring'),
  ('shape', '', ''),
  ('shape', '1', 1),
  ('seed', str(2**32), 2**32),
  ('batch_size', '0', 0),
  ('platform', 'abacus', None),
)


@pytest.mark.parametrize(('name', 'text', 'value'), WRONG)
def test_a_wrong_value_is_refused_on_both_ways_by_name(name, text, value):
  for attempt in (lambda: parse(f'--{name}={text}'), lambda: Own(**{name: value})):
    with pytest.raises(UserError, match=f'^--{name}=.* was given, .* is wanted') as e:
      attempt()
    assert '\n' not in str(e.value)


def test_a_wrong_switch_is_refused():
  with pytest.raises(UserError, match='bias'):
    parse('--bias=perhaps')
  for value in (1, 0, 'true', None):
    with pytest.raises(UserError, match=r'--bias=.* true or false is wanted'):
      Own(bias=value)


def test_a_flag_without_its_value_is_refused():
  with pytest.raises(UserError):
    parse('--width')


def test_bounds_are_said_in_words():
  with pytest.raises(UserError, match='an integer of at least 1 and below 10 is want'):
    parse('--width=99')
  with pytest.raises(UserError, match='one of disc, box is wanted'):
    parse('--shape=ring')
  with pytest.raises(UserError, match='a finite number above 0 is wanted'):
    parse('--learning_rate=-1')


def test_the_help_shows_every_flag_with_its_default_and_the_recipes():
  text = flags.help_text('A title.', Own, RECIPES)
  assert text.startswith('A title.')
  for entry in dataclasses.fields(Own):
    switch = f'--[no]{entry.name}' if entry.type is bool else f'--{entry.name}'
    assert f'  {switch} ' in text
    assert config.rule_of(Own, entry.name).help.split()[0] in text
  own, common = text.index('of its own'), text.index('of every experiment')
  assert own < text.index('--width') < common < text.index('--steps')
  assert '[4]' in text
  assert '--dataset=big' in text
  assert '--steps=100 --width=8' in text


def identity(c):
  return config.fingerprint(config.settings(c, 'digits/1'))


def test_what_changes_the_result_changes_the_fingerprint():
  seen = {identity(Own())}
  for changed in (
    {'seed': 1},
    {'steps': 8},
    {'batch_size': 65},
    {'learning_rate': 0.1},
    {'width': 5},
    {'patience': 1},
    {'until': 'loss:1'},
    {'keep_best': True},
    {'init_from': 'x'},
  ):
    seen.add(identity(Own(**changed)))
  assert len(seen) == 10
  assert config.fingerprint(config.settings(Own(), 'digits/2')) not in seen


def test_how_a_run_is_executed_does_not_change_the_fingerprint():
  how = {
    'workdir': 'x',
    'data_dir': 'x',
    'eval_every': 3,
    'checkpoint_every': 3,
    'platform': 'cpu',
    'fresh': True,
    'max_seconds': 1.0,
    'predict': 'x',
  }
  for name, value in how.items():
    assert identity(Own(**{name: value})) == identity(Own()), name


@pytest.mark.parametrize(
  'chosen', [{'patience': 2}, {'until': 'loss:1'}, {'keep_best': True}]
)
def test_the_interval_of_evaluation_counts_where_validation_decides(chosen):
  assert identity(Own(**chosen)) != identity(Own(**chosen, eval_every=3))
