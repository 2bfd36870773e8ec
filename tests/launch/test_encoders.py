"""A run takes the encoder of another task's run, and its own head begins anew."""

import dataclasses

import chex
import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.train import initial, workdir
from experiments import few_labels, inpainting, jigsaw

TASKS = {'inpainting': inpainting, 'jigsaw': jigsaw}


@pytest.mark.parametrize('name', TASKS)
def test_the_encoder_is_taken_and_the_head_begins_anew(name, digits_dir, tmp_path):
  # Nothing is trained: the parameters of another seed are another task's own.
  c = dataclasses.replace(TASKS[name].TINY, data_dir=digits_dir, steps=0, seed=3)
  there = TASKS[name].build(c)
  workdir.claim(tmp_path, workdir.Owner(name, name, c, there.data.spec.source))
  run = train.fit(there, tmp_path)
  own = dataclasses.replace(few_labels.TINY, init_from=str(tmp_path))
  e = few_labels.build(dataclasses.replace(own, data_dir=digits_dir))
  state, said = jax.jit(lambda: train.init_state(e, jax.random.key(0)))(), []
  begun = initial.begin(e, state, said.append)
  chex.assert_trees_all_equal(begun.params['encoder'], run.state.params['encoder'])
  chex.assert_trees_all_equal(begun.params['output'], state.params['output'])
  before, after = (jax.tree.leaves(s.params['encoder']) for s in (state, begun))
  assert not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
  (sentence,) = [each for each in said if 'taken' in each]
  assert 'encoder was taken, and output begins anew' in sentence
  assert {'inpainting': 'bottleneck', 'jigsaw': 'tiles'}[name] in sentence
