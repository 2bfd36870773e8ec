"""The winners of ImageNet's challenge."""

import jax
import jax.numpy as jnp
import pytest

from dl_core.lessons.convolutions import winners
from dl_core.models import vgg
from tests import finish


@pytest.fixture(scope='module')
def sizes():
  return winners.sizes()


def test_layers_and_parameters_are_those_of_the_papers(sizes):
  assert sizes == {
    'AlexNet': (8, 60_965_224),
    'GoogLeNet': (22, 6_998_552),
    'ResNet': (152, 60_192_808),
  }
  assert winners.size(vgg.VGG16(width=1)).layers == 16


def test_errors_fall_below_the_human_figure_while_networks_grow_deeper(sizes):
  picture = winners.picture(sizes)
  assert list(finish.held([picture]).values()) == [True] * 4
  assert picture.draw().axes


def test_the_claims_fail_of_other_winners(sizes, monkeypatch):
  swapped = {**sizes, 'GoogLeNet': sizes['AlexNet'], 'AlexNet': sizes['GoogLeNet']}
  claims = winners.picture(swapped).claims
  assert [claim.holds for claim in claims] == [True, True, False, False]
  worse = [w._replace(error=w.error + 2) for w in winners.WINNERS[:-1]]
  monkeypatch.setattr(
    winners, 'WINNERS', (*worse, winners.WINNERS[-1]._replace(error=9))
  )
  claims = winners.picture(sizes).claims
  assert [claim.holds for claim in claims[:2]] == [False, False]


def test_depth_is_that_of_the_longest_path():
  def program(x, w):
    long = jnp.tanh(x @ w) @ w  # two products, beside a path of one
    return long + jax.jit(lambda x: x @ w)(x), x

  x = jnp.ones((2, 2))
  traced = jax.make_jaxpr(program)(x, x).jaxpr
  assert winners.depths(traced, [0, 0]) == [2, 0]
  assert winners.depths(traced, [3, 0]) == [5, 3]
