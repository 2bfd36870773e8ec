"""Standing statistics: running statistics of the parameters that are evaluated.

A generator is evaluated at the average of its parameters, but training leaves running
statistics of batch norm, and vectors of spectral norm, of the last parameters. Brock et
al. 2019 (https://arxiv.org/abs/1809.11096, appendix B) compute the statistics anew from
the generator's own samples; here the vectors take as many power iterations.
"""

import functools
from collections.abc import Callable

import jax

from dl_core.layers import spectral
from dl_core.models import gan
from dl_core.types import Variables

BATCHES, SIZE = 40, 32  # batches of samples, images of a batch
COLLECTIONS = ('batch_stats', spectral.COLLECTION)


@functools.cache
def standing(model: gan.GAN) -> Callable[[Variables], Variables]:
  """Makes `Experiment.settled` of a GAN: of its generator's collections alone.

  The samples are always the same ones, so the result is a function of the variables. Of
  the statistics that were given, 0.9 ** `BATCHES` = 1.5 % is left.
  """

  @jax.jit
  def one(own, number):
    draw_key, own_key = jax.random.split(jax.random.fold_in(jax.random.key(0), number))
    asked = model.asked(*gan.drawn(model, draw_key, SIZE))
    kept = [name for name in own if name != 'params']
    _, moved = model.generator.apply(
      own, asked, train=True, mutable=kept, rngs={'draw': own_key}
    )
    return {**own, **{name: moved[name] for name in COLLECTIONS if name in own}}

  def settled(variables):
    own = gan.of(variables, 'generator')
    if not any(name in own for name in COLLECTIONS):
      return variables
    for number in range(BATCHES):
      own = one(own, number)
    moved = {
      name: {**variables[name], 'generator': own[name]}
      for name in COLLECTIONS
      if name in own
    }
    return {**variables, **moved}

  return settled
