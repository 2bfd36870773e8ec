import errno
import json
import os
import random
import resource
import shutil
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dl_core.train.checkpoint import Checkpoints, Damaged
from dl_core.trees import digests, flatten, unflatten
from dl_core.types import UserError


def tree(seed=0, width=64):
  """Every type that a state may hold, from noise, so that nothing compresses away."""
  key = jax.random.key(seed)
  noise = jax.random.normal(key, (width, 3))
  return {
    'params': {'kernel': noise, 'half': noise.astype(jnp.bfloat16)},
    'mask': noise[:, 0] > 0,
    'count': (jnp.int32(seed), jnp.zeros(2, jnp.int32)),
    'bytes': (noise * 50).astype(jnp.uint8),
    'key': key,
  }


def equal(leaves, wanted):
  chex.assert_trees_all_equal_shapes_and_dtypes(leaves, flatten(wanted))
  chex.assert_trees_all_equal(leaves, flatten(wanted))


@pytest.fixture
def said():
  return []


@pytest.fixture
def reopen(tmp_path, said):
  """Opens the checkpoints of this test."""
  return lambda **options: Checkpoints(tmp_path / 'checkpoints', said.append, **options)


def save(reopen, *steps):
  with reopen() as store:
    for step in steps:
      store.save(step, tree(step))


def arrays(folder):
  """The file that holds the arrays of a checkpoint."""
  return max((folder / 'leaves' / 'd').iterdir(), key=lambda f: f.stat().st_size)


def flip(path, place, bit=0):
  content = bytearray(path.read_bytes())
  content[place] ^= 1 << bit
  path.write_bytes(content)


def test_what_is_read_is_what_was_saved(reopen):
  save(reopen, 3)
  with reopen() as store:
    step, leaves = store.newest(tree())
    assert (step, store.steps()) == (3, [3])
  equal(leaves, tree(3))
  mirrored = {name: tree()[name] for name in reversed(tree())}
  back = unflatten(mirrored, dict(reversed(leaves.items())))  # by name, not by order
  equal(flatten(back), tree(3))
  assert back['key'].dtype == jax.random.key(0).dtype
  np.testing.assert_array_equal(
    jax.random.normal(back['key'], 2), jax.random.normal(jax.random.key(3), 2)
  )


def test_digests_do_not_depend_on_how_arrays_lie_on_devices():
  devices = np.array(jax.devices())
  assert len(devices) == 8
  mesh = jax.sharding.Mesh(devices, ('data',))
  leaves = {n: v for n, v in flatten(tree(1)).items() if v.ndim and len(v) == 64}
  assert len(leaves) == 4
  spread = jax.sharding.NamedSharding(mesh, jax.P('data'))
  sharded = jax.device_put(leaves, spread)
  assert all(len(leaf.addressable_shards) == 8 for leaf in sharded.values())
  one, eight = digests(leaves), digests(sharded)
  assert {n: int(v) for n, v in one.items()} == {n: int(v) for n, v in eight.items()}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(['kernel', 'half', 'bytes', 'small']), st.data())
def test_any_single_flipped_bit_changes_the_digest(name, data):
  leaves = flatten(tree(2)['params']) | flatten({'bytes': tree(2)['bytes']})
  leaves['small'] = jnp.int32(7)
  content = np.array(leaves[name])
  raw = content.reshape(-1).view(np.uint8)
  place = data.draw(st.integers(0, raw.size - 1))
  raw[place] ^= 1 << data.draw(st.integers(0, 7))
  before, after = (
    digests({'leaf': leaf}) for leaf in (leaves[name], jnp.asarray(content))
  )
  assert int(before['leaf']) != int(after['leaf'])


def test_a_flipped_truth_and_two_swapped_rows_change_the_digest():
  mask, rows = tree()['mask'], tree()['params']['kernel']
  swapped = rows.at[jnp.array([0, 1])].set(rows[jnp.array([1, 0])])
  for a, b in ((mask, mask.at[5].set(~mask[5])), (rows, swapped)):
    found = digests({'a': a, 'b': b})
    assert int(found['a']) != int(found['b'])


def test_a_flipped_bit_in_the_newest_falls_back_and_the_step_can_be_saved_again(
  tmp_path, reopen, said
):
  save(reopen, 4, 8)
  folder = tmp_path / 'checkpoints'
  file = arrays(folder / '8')
  flip(file, file.stat().st_size // 2)
  with reopen() as store:
    step, leaves = store.newest(tree())
    assert (step, store.steps()) == (4, [4])
    equal(leaves, tree(4))
    assert (folder / 'damaged' / '8').is_dir()
    (sentence,) = said
    assert sentence.startswith('checkpoint 8 is damaged (')
    assert sentence.endswith('going back to 4')
    store.save(8, tree(80))
    store.save(8, tree(81))  # again: nothing happens
  with reopen() as store:
    step, leaves = store.newest(tree())
  assert step == 8
  equal(leaves, tree(80))
  flip(arrays(folder / '8'), 5)  # damaged a second time, it is kept beside the first
  with reopen() as store:
    assert store.newest(tree())[0] == 4
  assert {path.name for path in (folder / 'damaged').iterdir()} == {'8', '8-1'}


def test_no_flipped_bit_ever_restores_other_values(tmp_path, reopen):
  save(reopen, 1)
  draw, found = random.Random(0), 0
  files = [f for f in (tmp_path / 'checkpoints' / '1').rglob('*') if f.is_file()]
  file = arrays(tmp_path / 'checkpoints' / '1')
  with reopen(read_only=True) as store:
    for path in [file] * 30 + files:
      if not path.stat().st_size:
        continue
      place, bit = draw.randrange(path.stat().st_size), draw.randrange(8)
      flip(path, place, bit)
      try:
        equal(store.read(1, tree()), tree(1))
      except Damaged:
        found += 1
      flip(path, place, bit)
    equal(store.read(1, tree()), tree(1))
  assert found >= 15


def test_digests_are_what_catches_it_where_orbax_does_not(tmp_path, reopen):
  save(reopen, 1)
  with reopen() as store:
    changed = tree(1)
    changed['params']['kernel'] = changed['params']['kernel'].at[3, 1].multiply(1.01)
    store.save(2, changed)
  leaves = tmp_path / 'checkpoints' / '1' / 'leaves'
  shutil.rmtree(leaves)  # whole files, other values: only the digest can tell
  shutil.copytree(tmp_path / 'checkpoints' / '2' / 'leaves', leaves)
  with reopen() as store, pytest.raises(Damaged, match=r'params\.kernel fails its'):
    store.read(1, tree())


def test_a_changed_table_of_contents_is_noticed(tmp_path, reopen):
  save(reopen, 1)
  (file,) = (tmp_path / 'checkpoints' / '1' / 'table').glob('metadata')
  table = json.loads(file.read_text())
  table['text'] = table['text'].replace('float32[64, 3]', 'float32[64, 4]')
  file.write_text(json.dumps(table))
  with reopen() as store, pytest.raises(Damaged, match='fails its checksum'):
    store.read(1, tree())


def test_where_all_are_damaged_nothing_is_moved(tmp_path, reopen, said):
  save(reopen, 1, 2)
  for step in ('1', '2'):
    flip(arrays(tmp_path / 'checkpoints' / step), 40)
  before = sorted(str(path) for path in (tmp_path / 'checkpoints').rglob('*'))
  with reopen() as store, pytest.raises(UserError) as caught:
    store.newest(tree())
  assert not isinstance(caught.value, Damaged)
  for told in ('no good checkpoint: step 2: ', '; step 1: ', '--fresh'):
    assert told in str(caught.value)
  assert sorted(str(p) for p in (tmp_path / 'checkpoints').rglob('*')) == before
  assert said == []


def test_what_memory_cannot_hold_is_not_taken_for_damaged(reopen, tmp_path):
  save(reopen, 1, 2)
  large = {'large': np.zeros(2**28, np.uint8)}  # compresses to nothing
  with reopen() as store:
    store.save(3, large)
    store.wait()
    pages = Path('/proc/self/statm').read_text().split()[0]
    most = int(pages) * resource.getpagesize() + 2**27
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, limits[1]))
    try:
      with pytest.raises(MemoryError):
        store.newest({}, ())
    finally:
      resource.setrlimit(resource.RLIMIT_AS, limits)
    assert not (tmp_path / 'checkpoints' / 'damaged').exists()
    assert store.newest({}, ())[0] == 3


def test_another_model_and_another_type_are_refused_by_name(reopen):
  save(reopen, 1)
  other = tree()
  other['params']['gate'] = other['params'].pop('half')
  cast = tree()
  cast['params']['kernel'] = cast['params']['kernel'].astype(jnp.bfloat16)
  with reopen() as store:
    for like, told in (
      (other, 'params.gate is absent there and bfloat16[64, 3] here'),
      (tree(width=8), 'params.kernel is float32[64, 3] there and float32[8, 3] here'),
      (cast, 'params.kernel is float32[64, 3] there and bfloat16[64, 3] here'),
    ):
      with pytest.raises(UserError) as caught:
        store.newest(like)
      assert not isinstance(caught.value, Damaged)
      assert told in str(caught.value)
    assert store.read(1, other, ('mask', 'count'))  # these parts are the same


def test_the_newest_two_and_the_best_are_kept(reopen):
  with reopen() as store:
    for step in range(1, 7):
      store.save(step, tree(step), best=2 if step >= 2 else None)
  with reopen() as store:
    assert store.steps() == [2, 5, 6]
    equal(store.read(2, tree()), tree(2))
    store.save(7, tree(7), best=7)
    store.wait()
    assert store.steps() == [6, 7]


def test_what_a_crash_left_half_written_is_passed_over(tmp_path, reopen, said):
  save(reopen, 1)
  folder = tmp_path / 'checkpoints'
  unfinished = folder / '2.orbax-checkpoint-tmp-123'
  unfinished.mkdir()
  (folder / '3' / 'leaves').mkdir(parents=True)
  with reopen() as store:
    step, leaves = store.newest(tree())
    assert step == 1
    equal(leaves, tree(1))
    assert said[0].startswith('checkpoint 3 is damaged (')
    store.save(3, tree(3))  # waits for orbax to have swept
    assert not unfinished.exists()
  with reopen() as store:
    assert store.newest(tree())[0] == 3


def test_another_runs_checkpoints_are_read_and_not_touched(tmp_path, reopen, said):
  save(reopen, 1, 2)
  flip(arrays(tmp_path / 'checkpoints' / '2'), 40)
  with reopen(read_only=True) as store:
    assert store.newest(tree())[0] == 1
  assert (tmp_path / 'checkpoints' / '2').is_dir()
  assert not (tmp_path / 'checkpoints' / 'damaged').exists()
  assert len(said) == 1


def test_leaves_that_are_not_asked_for_lie_whole_where_the_others_lie(tmp_path, said):
  mesh = jax.make_mesh((2,), ('data',), devices=jax.devices()[:2])
  whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
  with Checkpoints(tmp_path, said.append) as store:
    store.save(1, tree())
    store.wait()
    asked = jax.device_put({'params': tree()['params']}, whole)
    found = store.read(1, asked, ('params',))
  assert {leaf.sharding for leaf in found.values()} == {whole}


@pytest.mark.parametrize(
  'name',
  [
    'run[1]',
    '[!r]x',
    'r*?',
    'a\\b',
    '{a}',
    '@2 %s',
    'a\nb',
    '사과',
    os.fsdecode(b'\xff'),
  ],
)
def test_no_library_takes_the_path_for_a_pattern(name, tmp_path):
  folder = tmp_path / name / 'checkpoints'
  with Checkpoints(folder) as store:
    store.save(4, tree())
  assert (folder / '4').is_dir()
  with Checkpoints(folder, read_only=True) as store:
    step, leaves = store.newest(tree())
  assert step == 4
  equal(leaves, tree())


def test_what_was_saved_is_read_back_before_the_run_ends(reopen, tmp_path):
  def lose():
    with reopen() as store:
      store.save(4, tree())
      store.wait()
      arrays(tmp_path / 'checkpoints' / '4').write_bytes(b'')

  with pytest.raises(UserError, match=r'written to .* and cannot be read back'):
    lose()


@pytest.mark.parametrize(
  ('error', 'remedy'),
  [
    (ValueError("Failed writing: x [os_error_code='28']"), 'make room'),
    (OSError(errno.ENOSPC, 'No space left on device'), 'make room'),
    (ValueError("Failed writing: x [os_error_code='5']"), 'see to the disk'),
    (OSError(errno.EIO, 'Input/output error'), 'see to the disk'),
    (OSError(errno.EACCES, 'Permission denied'), 'its permissions'),
    (RuntimeError('anything'), 'see to the disk'),
  ],
)
def test_only_a_full_disk_asks_for_room(reopen, monkeypatch, error, remedy):
  with reopen() as store:

    def fail(*args, **kwargs):
      raise error

    monkeypatch.setattr(store._manager, 'save', fail)
    with pytest.raises(
      UserError, match=f'could not be written .*; .*{remedy}.* and give'
    ):
      store.save(1, tree())
