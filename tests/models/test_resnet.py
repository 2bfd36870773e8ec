import pytest

from dl_core.models import resnet


@pytest.mark.parametrize('depth', [0, 2, 19, 21])
def test_a_depth_that_is_not_6n_plus_2_is_refused(depth):
  with pytest.raises(ValueError, match='6n'):
    resnet.cifar(depth)
