"""The process of a peer, from one end to the other."""

import sys

import pytest

from tests.bench import test_peers
from tests.parity import agree

pytest.importorskip('torch', reason=agree.REASON)


def test_it_trains_what_works_and_names_what_does_not(tmp_path, monkeypatch):
  monkeypatch.setenv('CXX', '/no/compiler')
  monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', str(tmp_path))
  known = set(sys.modules)
  with test_peers.start() as peer:
    assert set(peer.variants) == {'eager'}
    assert set(peer.failures) == {'compile'}
    assert 'compiler' in peer.failures['compile']
    assert peer.version.startswith('2.')
    assert 0 < peer.run('eager', 1) < peer.run('eager', 1_000)
  assert not any(name.startswith('torch') for name in set(sys.modules) - known)
