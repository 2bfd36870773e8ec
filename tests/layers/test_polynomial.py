import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import polynomial

X, W = np.polynomial.legendre.leggauss(8)  # exact for products up to degree 15


def test_the_polynomials_are_legendres():
  x = np.linspace(-1, 1, 7)
  wanted = np.polynomial.legendre.legvander(x, 6) * np.sqrt(2 * np.arange(7) + 1)
  np.testing.assert_allclose(polynomial.legendre(jnp.asarray(x), 6), wanted, rtol=1e-4)


def test_the_first_degree_is_x_itself():
  x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
  np.testing.assert_array_equal(polynomial.products(x, 1), x)
  np.testing.assert_allclose(
    polynomial.products(jnp.asarray(x), 2)[:, :3], x, rtol=1e-6
  )


@pytest.mark.parametrize(('columns', 'degree', 'count'), [(2, 5, 20), (3, 2, 9)])
def test_products_are_orthogonal_of_mean_square_a_third(columns, degree, count):
  points = np.stack(np.meshgrid(*[X] * columns), axis=-1).reshape(-1, columns)
  weights = np.stack(np.meshgrid(*[W / 2] * columns), axis=-1).reshape(-1, columns)
  phi = np.asarray(polynomial.products(jnp.asarray(points, jnp.float32), degree))
  assert phi.shape[1] == count  # (F + d choose d), less the constant
  gram = (phi * weights.prod(axis=1)[:, None]).T @ phi
  np.testing.assert_allclose(gram, np.eye(count) / 3, atol=1e-5)
  np.testing.assert_allclose(weights.prod(axis=1) @ phi, 0, atol=1e-6)


def test_lower_degrees_are_the_first_of_higher_ones():
  orders = polynomial.exponents(3, 4)
  assert len({tuple(row) for row in orders}) == len(orders)
  np.testing.assert_array_equal(orders[:9], polynomial.exponents(3, 2))
  assert np.all(np.diff(orders.sum(axis=1)) >= 0)
