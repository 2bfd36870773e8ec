"""Domains are unpaired in training and paired where they are measured."""

import chex
import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import domains, sources, unpaired
from dl_core.data.builders import cluttered
from dl_core.data.builders.domains import domains_dataset_builder as builder
from dl_core.types import UserError

COUNTS = {'train': 3, 'validation': 2, 'test': 3}
MANY = 200


@pytest.fixture(scope='module')
def ink():
  return cluttered.inks()


def pairs(split, ink, count=MANY):
  return [
    domains.draw(domains.generator(split, number), split, ink[split])
    for number in range(count)
  ]


def outline(plain):
  """Outlines a digit of the first domain, as the second domain would show it."""
  wide = np.pad(plain[..., 0], 1).astype(int)
  windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3))
  share = (windows.max((-2, -1)) - windows.min((-2, -1)))[..., None] / 255
  return 255 * (domains.GROUND + share * (domains.CREAM - domains.GROUND))


def test_a_pair_depends_on_its_split_and_number_alone(ink):
  first, again = pairs('train', ink, 2), pairs('train', ink, 2)
  np.testing.assert_array_equal(first[1].images, again[1].images)
  assert not np.array_equal(first[0].images, first[1].images)


@pytest.mark.parametrize('split', domains.PAIRED)
def test_where_it_is_measured_a_pair_shows_one_digit_twice(split, ink):
  for pair in pairs(split, ink, 20):
    assert pair.labels[0] == pair.labels[1]
    wanted = outline(pair.images[0])
    np.testing.assert_allclose(pair.images[1], wanted, atol=1.5)


def test_no_digit_of_training_is_in_both_domains(ink):
  half = len(ink['train'].labels) // 2
  numbered = ink['train']._replace(labels=np.arange(len(ink['train'].labels)))
  found = np.array([pair.labels for pair in pairs('train', ink | {'train': numbered})])
  assert np.all(found[:, 0] < half)
  assert np.all(found[:, 1] >= half)
  labels = ink['train'].labels
  for part in (labels[:half], labels[half:]):  # both domains have all digits
    assert np.bincount(part, minlength=10).min() >= 40


def test_a_prepared_set_says_what_was_drawn(tmp_path, monkeypatch, ink):
  monkeypatch.setattr(builder.Builder, 'COUNTS', COUNTS)
  monkeypatch.setattr(domains, 'SPLITS', COUNTS)
  declaration = sources.declare('domains', str(tmp_path))
  drawn = pairs('test', ink, COUNTS['test'])
  for example, pair in zip(sources.examples(declaration, 'test'), drawn, strict=True):
    np.testing.assert_array_equal(example['first'], pair.images[0])
    np.testing.assert_array_equal(example['second'], pair.images[1])
    assert (example['first_label'], example['second_label']) == pair.labels


def test_images_are_paired_anew_in_training_and_as_they_are_in_test(
  tmp_path, monkeypatch
):
  counts = {'train': 16, 'validation': 8, 'test': 8}
  monkeypatch.setattr(builder.Builder, 'COUNTS', counts)
  monkeypatch.setattr(domains, 'SPLITS', counts)
  c = config.Config(dataset='domains', data_dir=str(tmp_path), batch_size=8)
  data = unpaired.load(c, 32)
  key = jax.random.key(0)
  found = []
  for step in range(4):  # two epochs
    batch = data.take(data.feed(key, step), key, step)
    found += list(
      zip(*(bytes_of(batch.x[side]) for side in unpaired.SIDES), strict=True)
    )
    chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
  for side in range(2):  # an epoch has every image once
    assert len({pair[side] for pair in found[:16]}) == 16
    assert {pair[side] for pair in found[:16]} == {pair[side] for pair in found[16:]}
  assert len({*found}) > 20  # of 32; fixed pairs would be 16
  (batch,) = data.splits['test']()
  np.testing.assert_array_equal(batch.y['first'], batch.y['second'])
  plain = np.rint(127.5 * (batch.x['first'][0] + 1))
  second = 127.5 * (batch.x['second'][0] + 1)
  np.testing.assert_allclose(second, outline(plain), atol=1.5)


def test_a_batch_larger_than_a_domain_is_refused_with_its_set(tmp_path, monkeypatch):
  counts = {'train': 16, 'validation': 8, 'test': 8}
  monkeypatch.setattr(builder.Builder, 'COUNTS', counts)
  monkeypatch.setattr(domains, 'SPLITS', counts)
  c = config.Config(dataset='domains', data_dir=str(tmp_path), batch_size=17)
  with pytest.raises(UserError, match=r'the first domain of domains/1.0.0 has 16 '):
    unpaired.load(c, 32).feed(jax.random.key(0), 0)


def test_a_set_without_pairs_is_refused(digits_dir):
  with pytest.raises(UserError, match='first and second'):
    unpaired.load(config.Config(data_dir=digits_dir), 32)


def bytes_of(images):
  return [image.tobytes() for image in np.asarray(images)]
