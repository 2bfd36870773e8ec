import dataclasses
import json
import math
import os
from pathlib import Path

import pytest

from dl_core import config
from dl_core.launch import flags
from dl_core.types import UserError
from experiments import mlp


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
  assert '[4]' in text
  assert '--dataset=big' in text
  assert '--steps=100 --width=8' in text


def test_the_help_groups_the_flags_and_puts_rare_ones_last():
  text = flags.help_text('A title.', Own, {})
  titles = [text.index(f'\n{title}:\n') for title in config.GROUPS.values()]
  assert titles == sorted(titles)
  places = dict(zip(config.GROUPS, titles, strict=True))
  at = {name: text.index(f'  --{name} ') for name in ('width', 'steps', 'mesh')}
  assert places[''] < at['width'] < places['run'] < at['steps'] < places['data']
  assert places['trained'] < text.index('--predict') < places['rare'] < at['mesh']


def test_a_field_that_is_declared_again_stays_in_its_group():
  @dataclasses.dataclass(frozen=True)
  class Again(config.Config):
    learning_rate: float = config.field(1.0, 'of the fruits', above=0)
    steps: int = 3

  assert config.group_of(Again, 'learning_rate') == 'run'
  assert config.group_of(Again, 'steps') == 'run'
  assert config.group_of(Own, 'width') == ''


@dataclasses.dataclass(frozen=True)
class Lists(config.Config):
  hidden: tuple[int, ...] = config.field((64, 8), 'units', low=1, below=999, empty=True)
  rates: tuple[float, ...] = config.field((0.1, 1.0), 'learning rates', low=1e-6)
  parts: tuple[str, ...] = config.field(('a',), 'what to show', choices=('a', 'b'))


def test_lists_are_read_in_their_order():
  read = lambda *words: parse(*words, cls=Lists)[0]
  c = read('--hidden=500, 150', '--rates=1e-3,2', '--parts=b,a')
  assert (c.hidden, c.rates, c.parts) == ((500, 150), (1e-3, 2.0), ('b', 'a'))
  assert read('--hidden=').hidden == ()
  assert read() == Lists()


@pytest.mark.parametrize(
  'word',
  [
    *('--hidden=x', '--hidden=0', '--hidden=8,', '--hidden=8;8', '--hidden=1.5'),
    *('--hidden=,', '--hidden=999', '--rates=', '--rates=nan', '--rates=inf'),
    *('--rates=0', '--parts=', '--parts=a,c', '--parts=a,'),
  ],
)
def test_what_is_no_list_of_its_kind_is_refused_in_a_sentence(word):
  wanted = f'^{word} was given, .*, separated by commas, are wanted$'
  with pytest.raises(UserError, match=wanted):
    parse(word, cls=Lists)


@pytest.mark.parametrize('value', ['8', 8, [8], (8.0,), (0,), ('8',)])
def test_a_list_from_python_is_a_tuple_of_its_kind(value):
  with pytest.raises(
    UserError, match=r'^--hidden=.* whole numbers of at least 1 and be'
  ):
    Lists(hidden=value)


def test_the_identity_keeps_a_list_as_the_text_that_was_given():
  kept = lambda *words: config.settings(parse(*words, cls=Lists)[0], 's')
  assert kept()['hidden'] == '64,8'
  assert kept()['rates'] == '0.1,1'
  assert kept('--rates=1e-3, 2', '--hidden=')['rates'] == '1e-3, 2'
  assert kept('--hidden=')['hidden'] == ''
  assert config.settings(Lists(hidden=(7,)), 's')['hidden'] == '7'


@pytest.mark.parametrize(
  ('words', 'fingerprint'),
  [
    ([], 'a6b3b847'),
    (['--hidden=500,150'], 'b87afd61'),
    (['--dataset=mnist', '--hidden=5, 7'], '9014cbf7'),
  ],
)
def test_runs_from_before_lists_were_tuples_keep_their_folder(words, fingerprint):
  # If this moves, workdirs of earlier runs are not found again.
  c, _ = parse(*words, cls=mlp.Config, recipes=mlp.RECIPES)
  assert config.fingerprint(config.settings(c, 's')) == fingerprint


def test_settings_come_back_from_what_config_json_keeps():
  c = parse('--hidden=5, 7', '--rates=2', '--steps=3', cls=Lists)[0]
  text = json.dumps(config.written(c) | {'a field of another day': 1})
  assert config.restored(Lists, json.loads(text)) == c


@dataclasses.dataclass(frozen=True)
class Renamed(config.Config):
  units: tuple[int, ...] = (64,)


def test_a_study_passes_on_the_common_settings_and_the_fields_it_names():
  c = Lists(steps=3, data_dir='d', hidden=(5,), rates=(9.0,))
  run = Lists(**config.shared(c, 'hidden'))
  assert (run.steps, run.data_dir, run.hidden) == (3, 'd', (5,))
  assert run.rates == Lists.rates


def test_a_field_renamed_in_the_study_or_in_its_run_is_noticed():
  with pytest.raises(AttributeError, match='hidden'):
    Lists(**config.shared(Renamed(), 'hidden'))
  with pytest.raises(TypeError, match='hidden'):
    Renamed(**config.shared(Lists(), 'hidden'))


def test_a_study_hands_down_how_its_runs_are_executed_and_not_where():
  handed = {'data_dir', 'platform', 'mesh', 'distributed', 'resident_bytes'}
  assert set(config.handed(Own())) == handed | {'fresh', 'profile'}
  assert set(config.handed(config.Drawing())) == {'platform', 'fresh'}


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


@pytest.mark.parametrize('text', ['~nobody-here', '~nobody-here/runs'])
def test_a_home_of_nobody_is_refused_in_words(text):
  with pytest.raises(UserError, match=f'^{text} was given, and there is no such home'):
    config.path(text)


def test_a_path_has_its_home_in_front_and_is_else_as_given(monkeypatch, tmp_path):
  monkeypatch.setenv('HOME', str(tmp_path))
  monkeypatch.chdir(tmp_path)
  assert config.path('~/runs') == tmp_path / 'runs'
  assert config.path('~') == tmp_path
  for text in ('runs/~', '/a/~b', '-dash', '[1]', '', '사과', os.fsdecode(b'\xff')):
    assert str(config.path(text)) == str(Path(text))


@pytest.mark.parametrize('name', ['~', '~root', '~nobody-here'])
def test_a_folder_named_like_a_home_is_no_home(monkeypatch, tmp_path, name):
  """Also if it is expanded twice, as that of a study's run is."""
  monkeypatch.chdir(tmp_path)
  once = config.path(f'./{name}/run')
  assert once == tmp_path / name / 'run'
  assert config.path(str(once)) == once
