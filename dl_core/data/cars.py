"""Ten used cars: mileage and price, a line with some noise.

Shapes: B batch, n cars. Mileage in 1,000 km, price in 1,000 €.
"""

import functools

import jax
import numpy as np

from dl_core.data import batches, tabular
from dl_core.types import Batch, Data, Spec

MILEAGE = (12.0, 25.0, 38.0, 47.0, 60.0, 71.0, 85.0, 98.0, 120.0, 145.0)
PRICE = (24.1, 20.9, 22.3, 18.4, 18.9, 15.2, 15.6, 11.8, 11.5, 7.9)
SLOPE, NEW, NOISE = -0.12, 25.0, 1.5  # of the line that all cars scatter about
COUNTS = {'validation': 100, 'test': 1_000}  # drawn about the same line


def cars(split: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns mileage [n] and price [n]: 'train' is the ten, the others are drawn."""
  if split == 'train':
    return np.array(MILEAGE), np.array(PRICE)
  random = np.random.RandomState(list(COUNTS).index(split))
  mileage = random.uniform(min(MILEAGE), max(MILEAGE), COUNTS[split])
  return mileage, NEW + SLOPE * mileage + random.normal(0, NOISE, len(mileage))


def scale() -> tuple[tuple[float, float], tuple[float, float]]:
  """Returns mean and deviation of the ten mileages, and of the ten prices."""
  mileage, price = cars('train')
  return (mileage.mean(), mileage.std()), (price.mean(), price.std())


def data(batch_size: int, loss: tabular.Measure) -> Data:
  """Returns the cars as Data: x float32 [B, 1], y float32 [B], standardised by `scale`.

  Args:
    batch_size: B.
    loss: which the baseline takes of the best constant price.
  """
  number = functools.partial(jax.ShapeDtypeStruct, dtype=np.float32)
  spec = Spec(
    Batch(number((batch_size, 1)), number((batch_size,)), number((batch_size,))),
    'cars/1',
  )

  def standardised(split):
    (x, y), (of_x, of_y) = cars(split), scale()
    units = [(values - of[0]) / of[1] for values, of in ((x, of_x), (y, of_y))]
    x, y = (values.astype(np.float32) for values in units)
    return x[:, None], y

  return batches.resident(
    spec, standardised, baseline=functools.partial(tabular.constant, loss)
  )
