import pytest

from dl_core.types import UserError
from experiments import batch_vs_sgd


def test_every_claim_about_batches_holds_in_a_small_study():
  c = batch_vs_sgd.Config(examples=64, paths=40, steps=1_000, draws=2_000)
  pictures = batch_vs_sgd.draw(c)
  claims = [claim for picture in pictures for claim in picture.claims]
  assert len(claims) == 6
  assert all(claim.holds for claim in claims), claims


def test_a_mini_batch_of_all_examples_is_refused():
  with pytest.raises(UserError, match='--batch_size=64 was given with --examples=64'):
    batch_vs_sgd.Config(batch_size=64, examples=64)
