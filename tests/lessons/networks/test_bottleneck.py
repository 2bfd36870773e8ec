"""What is counted as an exact copy, and what a probe reads of a known state."""

from types import SimpleNamespace

import numpy as np

from dl_core.data import copies
from dl_core.lessons.networks import bottleneck

DATA = copies.load(8, 5)


def run_of(outputs=None, state=None):
  """A run whose model says `outputs`(x), or whose encoder ends in `state`(x)."""
  start = lambda variables, x, length: SimpleNamespace(state=state(x))
  task = SimpleNamespace(
    outputs=lambda variables, x: outputs(x), decode=SimpleNamespace(start=start)
  )
  experiment = SimpleNamespace(data=DATA, task=task)
  return SimpleNamespace(experiment=experiment, variables=lambda: None)


def test_a_copy_is_exact_up_to_its_stop_token():
  one_hot = lambda x: np.eye(copies.LETTERS.size)[x['source']]

  def after(x):  # what stands after the stop token does not count
    logits = one_hot(x)
    logits[x['source'] == copies.MARKS.pad] = 0
    return logits

  def short(x):  # wrong in the third letter, which some texts do not have
    logits = one_hot(x)
    logits[x['lengths'] > 3, 2] = 0
    return logits

  assert bottleneck.exact(run_of(one_hot)).tolist() == [1, 1, 1, 1]
  assert bottleneck.exact(run_of(after)).tolist() == [1, 1, 1, 1]
  assert bottleneck.exact(run_of(short)).tolist() == [1, 1, 0, 0]


def test_a_probe_reads_what_a_state_holds_and_no_more():
  def state(x):  # the first letter alone
    return (np.eye(copies.LETTERS.size)[x['source'][:, 0]],)

  found = bottleneck.probe(run_of(state=state), 3)
  assert found[0] == 1
  assert (found[1:] < 0.1).all()


def test_half_of_the_copies_are_exact_up_to_a_length():
  assert bottleneck.held(np.array([1, 0.9, 0.5, 0.4, 0.6])) == 3
  assert bottleneck.held(np.array([1, 0.9])) == 2
  assert bottleneck.listed(np.array([4, 5, 6])) == '4 to 6'
  assert bottleneck.listed(np.array([4])) == '4'
