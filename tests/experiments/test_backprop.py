from experiments import backprop


def test_every_claim_about_backpropagation_holds_in_a_small_study():
  c = backprop.Config(networks=100, starts=8, steps=300)
  pictures = backprop.draw(c)
  claims = [claim for picture in pictures for claim in picture.claims]
  assert len(claims) == 4
  assert all(claim.holds for claim in claims), claims
