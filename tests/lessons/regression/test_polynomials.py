import numpy as np
import pytest

from dl_core.lessons.regression import overfitting, polynomials
from experiments import polynomial_regression


@pytest.fixture(scope='module')
def drawn():
  return polynomials.points(0, 50, 0.3)


def held(*pictures):
  return [claim.holds for picture in pictures for claim in picture.claims]


def test_a_curve_is_the_one_of_powers_of_x(drawn):
  x, t = drawn
  for degree in (0, 3, 9):
    w = polynomials.fitted(x, t, degree)
    curve = polynomials.curve(polynomials.basis(x, degree), w)
    wanted = [
      np.polyval(np.polyfit(at, own, degree), at)
      for at, own in zip(x.T, t.T, strict=True)
    ]
    np.testing.assert_allclose(curve.T, wanted, atol=1e-6)


def test_a_penalised_fit_solves_its_normal_equations(drawn):
  x, t = drawn
  found = polynomials.ridge(x, t, 9, 1e-3).T
  for at, own, w in zip(x.T, t.T, found, strict=True):
    powers = at[:, None] ** np.arange(10)
    gram = powers.T @ powers + 1e-3 * np.eye(10)
    np.testing.assert_allclose(w, np.linalg.solve(gram, powers.T @ own), atol=1e-8)


def test_the_error_on_new_points_is_that_of_a_large_sample(drawn):
  x, t = drawn
  w = polynomials.fitted(x, t, 5)
  _, error = polynomials.of_degree(x, t, 5, 0.3)
  random = np.random.default_rng(0)
  places = random.uniform(0, 1, 200_000)
  new = polynomials.sine(places) + random.normal(0, 0.3, len(places))
  sampled = np.sqrt(np.mean((polynomials.basis(places, 5) @ w[:, 0] - new) ** 2))
  assert error[0] == pytest.approx(sampled, rel=0.01)


def test_the_default_study_bears_out_every_claim():
  pictures = polynomial_regression.draw(polynomial_regression.Config())
  assert len(held(*pictures)) == 7
  assert all(held(*pictures))
  for picture in pictures:
    picture.draw()


def test_another_seed_bears_out_the_same():
  c = polynomial_regression.Config(seed=7, draws=100)
  assert all(held(*polynomial_regression.draw(c)))


def test_without_noise_the_highest_degree_is_the_best():
  x, t = polynomials.points(0, 5, 1e-6)
  assert held(overfitting.degrees_picture(x, t, 1e-6)) == [True, False, False]


def test_a_shuffle_of_the_degrees_would_be_noticed(drawn, monkeypatch):
  x, t = drawn
  of_degree = polynomials.of_degree
  monkeypatch.setattr(
    polynomials,
    'of_degree',
    lambda x, t, degree, noise: of_degree(x, t, 9 - degree, noise),
  )
  assert held(overfitting.degrees_picture(x, t, 0.3))[:2] == [False, False]
