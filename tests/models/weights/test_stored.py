"""Arrays that are fused, stacked, summed or tied in a file are read as ours."""

import itertools

import numpy as np
import pytest

from dl_core.models.weights import exchange, places, recurrent, stored
from dl_core.models.weights.stored import fused, ordered, part, plain, stacked, summed
from dl_core.types import Names, UserError


def drawn(*shape, seed=0):
  return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def there(tree, table, **more):
  """Returns a tree as the arrays of a file."""
  names = Names({'there': table}, **more)
  nested = {'params': {}}
  for path, array in tree.items():
    *levels, leaf = path.split('.')
    inner = nested['params']
    for level in levels:
      inner = inner.setdefault(level, {})
    inner[leaf] = array
  return exchange.given(nested, names), names


def back(arrays, names, tree):
  """Returns {path: array} of what a file holds for a tree."""
  like = {f'params.{path}': array for path, array in tree.items()}
  found = exchange.taken('a.pth', arrays, names, like)
  leaves = {path.removeprefix('params.'): leaf for path, leaf in found.leaves.items()}
  return leaves, found.notes


def refusal(arrays, names, tree):
  with pytest.raises(UserError) as caught:
    back(arrays, names, tree)
  return str(caught.value)


DENSE = {'a.kernel': drawn(2, 6), 'a.bias': drawn(6)}
QKV = {
  f'{name}.{leaf}': drawn(*shape, seed=seed)
  for seed, name in enumerate('qkv')
  for leaf, shape in (('kernel', (2, 6)), ('bias', (6,)))
}
APART = dict(zip('qkv', (part('c_attn', n, 3) for n in range(3)), strict=True))
DEEP = {'h.kernel': drawn(4, 2, 6), 'h.bias': drawn(4, 6), 'h.scale': drawn(4, 6)}
CASES = {
  'transposed': (DENSE, {'a': 'fc'}, {'fc.weight': (6, 2), 'fc.bias': (6,)}),
  'plain': (DENSE, {'a': plain('fc')}, {'fc.weight': (2, 6), 'fc.bias': (6,)}),
  'embedding': ({'a.embedding': drawn(5, 2)}, {'a': 'wte'}, {'wte.weight': (5, 2)}),
  'one array': (
    {'place': drawn(5, 2)},
    {'place': plain('wpe.weight')},
    {'wpe.weight': (5, 2)},
  ),
  'scalar': ({'scale': drawn()}, {'scale': 'logit_scale'}, {'logit_scale': ()}),
  'apart there': (
    DENSE,
    {'a': fused('q', 'k', 'v')},
    {
      f'{n}.{leaf}': s
      for n in 'qkv'
      for leaf, s in (('weight', (2, 2)), ('bias', (2,)))
    },
  ),
  'fused there': (
    QKV,
    {name: plain(row) for name, row in APART.items()},
    {'c_attn.weight': (2, 18), 'c_attn.bias': (18,)},
  ),
  'fused there, transposed': (
    QKV,
    APART,
    {'c_attn.weight': (18, 2), 'c_attn.bias': (18,)},
  ),
  'ordered': (
    DENSE,
    {'a': ordered('lstm', (0, 2, 1))},
    {'lstm.weight': (6, 2), 'lstm.bias': (6,)},
  ),
  'summed': (
    {'a.bias': drawn(6)},
    {'a.bias': summed('b_ih', 'b_hh')},
    {'b_ih': (6,), 'b_hh': (6,)},
  ),
  'stacked': (
    DEEP,
    {'h.scale': stacked('ln.{N}.weight'), 'h': stacked('h.{n}.fc')},
    {f'h.{n}.fc.weight': (6, 2) for n in range(4)}
    | {f'h.{n}.fc.bias': (6,) for n in range(4)}
    | {f'ln.{n}.weight': (6,) for n in range(1, 5)},
  ),
  'stacked here and fused there': (
    {f'h.{path}': np.stack([array, -array]) for path, array in QKV.items()},
    {
      f'h.{name}': stacked(plain(part('h.{n}.c_attn', k, 3)))
      for k, name in enumerate('qkv')
    },
    {f'h.{n}.c_attn.weight': (2, 18) for n in range(2)}
    | {f'h.{n}.c_attn.bias': (18,) for n in range(2)},
  ),
  'counted from 0 here': (
    {'layer_0.scale': drawn(2), 'layer_1.scale': drawn(2, seed=1)},
    {'layer_{n}': 'layers.{N}.norm'},
    {'layers.1.norm.weight': (2,), 'layers.2.norm.weight': (2,)},
  ),
}


@pytest.mark.parametrize('case', CASES)
def test_what_goes_there_has_the_shapes_of_there_and_comes_back(case):
  tree, table, shapes = CASES[case]
  arrays, names = there(tree, table)
  assert {name: array.shape for name, array in arrays.items()} == shapes
  leaves, notes = back(arrays, names, tree)
  assert leaves.keys() == tree.keys()
  assert notes == []
  for path, array in tree.items():
    np.testing.assert_array_equal(leaves[path], array)


@pytest.mark.parametrize('case', CASES)
def test_each_array_there_that_is_larger_or_absent_is_refused_by_name(case):
  tree, table, _ = CASES[case]
  arrays, names = there(tree, table)
  for name, array in arrays.items():
    less = {other: one for other, one in arrays.items() if other != name}
    assert f'it lacks {name}; ' in refusal(less, names, tree)
    if array.ndim:
      wider = np.concatenate([array, array], -1)
      sides = ['x'.join(map(str, one.shape)) for one in (wider, array)]
      said = f'other shapes: {name} ({sides[0]}, {sides[1]} is wanted); '
      assert said in refusal(less | {name: wider}, names, tree)


def test_parts_are_those_that_the_row_says():
  table = {'a': fused('x', 'y', 'z')}
  arrays, _ = there(DENSE, table)
  np.testing.assert_array_equal(arrays['y.weight'], DENSE['a.kernel'][:, 2:4].T)
  arrays, _ = there(DENSE, {'a': ordered('g', (2, 0, 1))})  # first here, last there
  np.testing.assert_array_equal(arrays['g.bias'][4:], DENSE['a.bias'][:2])
  np.testing.assert_array_equal(arrays['g.weight'][4:], DENSE['a.kernel'][:, :2].T)
  arrays, _ = there(QKV, APART)
  np.testing.assert_array_equal(arrays['c_attn.weight'][6:12], QKV['k.kernel'].T)


def test_a_sum_is_read_from_both_terms_and_written_into_one():
  tree, table, _ = CASES['summed']
  arrays, names = there(tree, table)
  np.testing.assert_array_equal(arrays['b_ih'], tree['a.bias'])
  np.testing.assert_array_equal(arrays['b_hh'], 0)
  other = {'b_ih': drawn(6, seed=1), 'b_hh': drawn(6, seed=2)}
  leaves, _ = back(other, names, tree)
  np.testing.assert_array_equal(leaves['a.bias'], other['b_ih'] + other['b_hh'])


def test_the_biases_of_a_gru_are_added_but_for_the_one_inside_the_reset():
  tree = {'recurrent_1.bias': drawn(6), 'recurrent_1.recurrent_bias': drawn(2)}
  arrays, names = there(tree, recurrent.rows('gru'))
  np.testing.assert_array_equal(arrays['rnn.bias_ih_l1'], tree['recurrent_1.bias'])
  inside = tree['recurrent_1.recurrent_bias']
  np.testing.assert_array_equal(arrays['rnn.bias_hh_l1'], [0, 0, 0, 0, *inside])
  a, b = drawn(6, seed=1), drawn(6, seed=2)
  leaves, _ = back({'rnn.bias_ih_l1': a, 'rnn.bias_hh_l1': b}, names, tree)
  expected = np.concatenate([(a + b)[:4], a[4:]])
  np.testing.assert_array_equal(leaves['recurrent_1.bias'], expected)
  np.testing.assert_array_equal(leaves['recurrent_1.recurrent_bias'], b[4:])


def test_an_array_of_which_only_some_parts_are_known_is_our_own_error():
  with pytest.raises(KeyError, match=r'c_attn.* has 3 parts, and only'):
    there({path: QKV[path] for path in QKV if 'v' not in path}, APART)


def test_a_width_that_cannot_be_cut_is_our_own_error():
  like = {'params.a.bias': np.zeros(7)}
  (place,) = places.placed(Names({}), {'a': fused('q', 'k')}, like).values()
  with pytest.raises(ValueError, match='cannot be cut into 2 equal parts'):
    place.shapes((7,))


def test_an_array_that_its_layer_s_row_does_not_name_is_our_own_error():
  with pytest.raises(KeyError, match=r'has a row for a\.strange'):
    places.placed(Names({}), {'a': 'fc'}, {'params.a.strange': np.zeros(1)})


EMBEDDED = {'wte.embedding': drawn(5, 2), 'h.kernel': drawn(2, 2)}
TIED = {'tied': {'lm_head.weight': 'model.wte.weight'}, 'prefixes': ('model.',)}
ROWS = {'wte': 'model.wte', 'h': 'model.h'}


def test_a_tied_array_is_written_twice_and_either_of_the_two_is_enough():
  arrays, names = there(EMBEDDED, ROWS, **TIED)
  assert arrays.keys() == {'model.wte.weight', 'model.h.weight', 'lm_head.weight'}
  for absent in (None, 'lm_head.weight', 'model.wte.weight'):
    found = {name: array for name, array in arrays.items() if name != absent}
    leaves, notes = back(found, names, EMBEDDED)
    assert notes == []
    np.testing.assert_array_equal(leaves['wte.embedding'], EMBEDDED['wte.embedding'])


def test_arrays_that_are_one_here_and_differ_there_are_refused():
  arrays, names = there(EMBEDDED, ROWS, **TIED)
  arrays['lm_head.weight'] = arrays['lm_head.weight'] + 1
  said = 'differ from those that they are tied to here: lm_head.weight; '
  assert said in refusal(arrays, names, EMBEDDED)


@pytest.mark.parametrize('rows', [ROWS, {'wte': 'wte', 'h': 'h'}], ids=['with', 'no'])
@pytest.mark.parametrize('head', [True, False])
def test_a_prefix_may_stand_before_all_names_or_before_none(rows, head):
  prefix = 'model.' if rows is ROWS else ''
  more = {'prefixes': ('model.',), 'spare': ('*.attn.bias', 'lm_head.')}
  arrays, names = there(EMBEDDED, rows, **more)
  extra = {'lm_head.weight': drawn(5, 2)} if head else {}
  for spelling, mask in (('', ''), ('model.', 'model.')):
    found = {
      f'{spelling}{name.removeprefix(prefix)}': array for name, array in arrays.items()
    }
    leaves, notes = back(
      found | {f'{mask}h.0.attn.bias': drawn(1)} | extra, names, EMBEDDED
    )
    assert leaves.keys() == EMBEDDED.keys()
    assert len(notes) == 1
    assert 'h.0.attn.bias' in notes[0]
    assert ('lm_head.weight' in notes[0]) == head


def test_a_name_in_two_spellings_is_renamed_in_neither():
  arrays, names = there(EMBEDDED, {'wte': 'wte', 'h': 'h'}, prefixes=('model.',))
  said = refusal(arrays | {'model.h.weight': drawn(2, 2)}, names, EMBEDDED)
  assert 'no place for: model.h.weight; ' in said


def test_last_words_of_names_may_have_aliases():
  tree = {'norm.scale': drawn(2), 'norm.bias': drawn(2, seed=1)}
  aliases = {'gamma': 'weight', 'beta': 'bias'}
  arrays, names = there(tree, {'norm': 'LayerNorm'}, aliases=aliases)
  assert arrays.keys() == {'LayerNorm.weight', 'LayerNorm.bias'}
  old = {'LayerNorm.gamma': tree['norm.scale'], 'LayerNorm.beta': tree['norm.bias']}
  for found in (arrays, old):
    leaves, _ = back(found, names, tree)
    for path, array in tree.items():
      np.testing.assert_array_equal(leaves[path], array)
  bare = names._replace(aliases={})
  assert 'it lacks LayerNorm.weight, LayerNorm.bias' in refusal(old, bare, tree)


SPARE = ('*.attn.bias', '*.attn.masked_bias', '*position_ids', 'cls.')


@pytest.mark.parametrize(
  ('name', 'left_out'),
  [
    ('h.11.attn.bias', True),
    ('h.11.attn.masked_bias', True),
    ('embeddings.position_ids', True),
    ('cls.predictions.bias', True),
    ('h.11.attn.bias_k', False),
    ('attn.bias', False),
    ('my.cls.bias', False),
  ],
)
def test_spare_arrays_are_known_by_patterns_or_by_how_they_begin(name, left_out):
  arrays, names = there(DENSE, {'a': 'fc'}, spare=SPARE)
  found = arrays | {name: drawn(1)}
  if left_out:
    assert back(found, names, DENSE)[1] == [
      f'{name} has no place here, and is left out'
    ]
  else:
    assert f'no place for: {name}; ' in refusal(found, names, DENSE)


def test_rows_are_values_that_compose_in_any_order():
  row = part('c', 1, 3)
  assert stacked(plain(row)) == plain(stacked(row))
  assert stored.of('fc') == stored.Stored(((stored.Term('fc'),),))
  names = itertools.chain(*fused('q', 'k').parts)
  assert [term.name for term in names] == ['q', 'k']
