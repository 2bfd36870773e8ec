from experiments import activations


def test_every_claim_about_activations_holds_in_a_small_study():
  c = activations.Config(draws=200, networks=8, layers=6, hidden=64)
  pictures = activations.draw(c)
  claims = [claim for picture in pictures for claim in picture.claims]
  assert len(claims) == 11
  assert all(claim.holds for claim in claims), claims
