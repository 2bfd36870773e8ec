"""PyTorch's own files are read as they are saved, and nothing in them is executed."""

import numpy as np
import pytest

from dl_core.models.weights import files
from dl_core.types import UserError
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)


@pytest.mark.parametrize('wrap', [lambda d: d, lambda d: {'model': d, 'epoch': 3}])
@pytest.mark.parametrize('ending', files.PYTORCH)
def test_tensors_of_any_width_are_read_wherever_they_lie(tmp_path, wrap, ending):
  path = tmp_path / f'weights{ending}'
  layer = torch.nn.Linear(2, 3).bfloat16()
  torch.save(wrap(layer.state_dict() | {'n': torch.tensor(3)}), path)
  found = files.read(path)
  assert found.keys() == {'weight', 'bias', 'n'}
  assert found['weight'].dtype == np.float32
  expected = layer.weight.detach().float()
  np.testing.assert_array_equal(found['weight'], expected)


class Trap:
  def __reduce__(self):
    return open, ('sprung', 'w')


def test_what_would_execute_something_is_refused(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  torch.save({'state_dict': {'weight': Trap()}}, 'trap.pth')
  with pytest.raises(UserError, match=r'trap\.pth was given, which cannot be read'):
    files.read(tmp_path / 'trap.pth')
  assert [path.name for path in tmp_path.iterdir()] == ['trap.pth']


@pytest.mark.parametrize('content', [3, {}, {'state_dict': {'epoch': 3}}, [1, 2]])
def test_a_file_without_tensors_is_refused(tmp_path, content):
  torch.save(content, tmp_path / 'a.pt')
  with pytest.raises(UserError, match='holds no arrays'):
    files.read(tmp_path / 'a.pt')
