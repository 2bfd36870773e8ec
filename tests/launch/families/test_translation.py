"""What networks that translate share, as an experiment of another network uses it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import tasks, train
from dl_core.data import copies
from dl_core.launch.families import translation
from dl_core.layers import attention

SMALL = translation.Config(
  dataset='copies', longest=(12,), widths=(4, 8), batch_size=8, steps=2, eval_every=1
)


class Bag(nn.Module):
  """Sums what it has read and what it has written; has no recurrence."""

  size: int

  def setup(self):
    self.embed, self.output = nn.Embed(self.size, 4), nn.Dense(self.size)

  def __call__(self, x, *, train):
    return self.advance(self.start(x, 0), x['target'])[1]

  def start(self, x, length):
    del length  # its state does not grow
    real = attention.real(x['lengths'], x['source'].shape[1])
    return jnp.sum(self.embed(x['source']) * real[..., None], axis=1)

  def advance(self, state, tokens, last=False):
    sums = state[:, None] + jnp.cumsum(self.embed(tokens), axis=1)
    logits = self.output(sums)
    return sums[:, -1], logits[:, -1] if last else logits


def build(c, **more):
  data = translation.load(c)
  task = tasks.translate(Bag(data.spec.limits.y))
  return translation.experiment(c, data, task, optax.sgd(0.1), **more)


def test_a_recipe_says_how_texts_are_read_and_adds_the_settings_of_the_experiment():
  own = translation.recipes(multi30k={'hidden': 5}, kor_eng={'pieces': (9,)}, own={})
  assert own['multi30k'] == {**translation.RECIPES['multi30k'], 'hidden': 5}
  assert own['kor_eng'] == {**translation.RECIPES['kor_eng'], 'pieces': (9,)}
  assert own['own'] == {}
  assert 'hidden' not in translation.RECIPES['multi30k']


def test_a_network_without_recurrence_is_trained_judged_and_drawn():
  e = build(SMALL)
  run = train.fit(e)
  assert {'bleu', 'chrf', 'exact', 'nats', 'accuracy'} <= run.lines[-1].keys()
  assert e.data.notes[-1].startswith('BLEU is sacrebleu')
  variables = {'params': run.state.params, **run.state.extra}
  titles = [
    each.title for each in e.report(variables, run.observed, e.data, run.state.key)
  ]
  assert [title[:17] for title in titles[:2]] == ['It writes at step'] * 2
  assert 'Where it looks' not in titles


@pytest.mark.parametrize('widths', [(), (4, 8), (4, 8, 12, 40)])
def test_cutting_changes_no_loss_and_widths_above_the_most_are_passed_over(widths):
  c = dataclasses.replace(SMALL, widths=widths)
  whole, e = build(dataclasses.replace(c, widths=())), build(c)
  state = train.init_state(e, jax.random.key(0))
  batch = copies.copied(jax.random.key(1), np.full(8, 3), 12)
  losses = [
    each.task.losses[0](state.params, state.extra, batch, jax.random.key(2))[0]
    for each in (whole, e)
  ]
  np.testing.assert_allclose(*losses, rtol=1e-6)
  switched = 'cond' in str(
    jax.make_jaxpr(e.task.losses[0])(
      state.params, state.extra, batch, jax.random.key(2)
    )
  )
  assert switched == bool(widths)


def test_published_figures_are_bleu_on_multi30k():
  (figure,) = build(SMALL, published={'somebody': 30.5}).published
  assert (figure.metric, figure.dataset) == ('bleu', 'multi30k')
  assert (figure.value, figure.source) == (30.5, 'somebody')
