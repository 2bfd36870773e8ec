"""Which frames a label depends on is measured as it is."""

import jax
import numpy as np
import pytest

from dl_core import tasks
from dl_core.lessons.scenes import directions
from dl_core.models import video_frames


@pytest.mark.parametrize('bidirectional', [False, True])
def test_a_label_depends_on_later_frames_only_in_both_directions(bidirectional):
  model = video_frames.VideoFrames(
    3, (8,), features=32, hidden=5, bidirectional=bidirectional
  )
  task = tasks.supervised(model)
  film = np.random.RandomState(0).rand(1, 4, 8, 8, 1).astype(np.float32)
  variables = model.init(jax.random.key(0), film, train=False)
  found = directions.dependence(task, variables, film)
  assert found.shape == (4, 4)
  assert np.all(np.tril(found)[np.tril_indices(4)] > 0)
  later = found[np.triu_indices(4, 1)]
  assert np.all(later > 0) if bidirectional else np.all(later == 0)


def shares(*values):
  return np.array(values)[:, None]


def test_the_claims_fail_where_nobody_is_ahead():
  same = directions.by_frame({'forward': shares(0.5, 0.9), 'both': shares(0.5, 0.9)})
  assert [claim.holds for claim in same.claims] == [False, False]
  ahead = directions.by_frame({'forward': shares(0.5, 0.9), 'both': shares(0.9, 0.9)})
  assert [claim.holds for claim in ahead.claims] == [True, True]
