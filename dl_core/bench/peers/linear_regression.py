"""Linear regression in PyTorch: a linear layer, squared or absolute errors, SGD.

The penalties are left out.
"""

from dl_core.bench.peers import Peer, perceptron

carried = perceptron.carried


def peer(config, spec) -> Peer:
  def squared(activation, y):
    return (activation - y) ** 2 / 2

  def absolute(activation, y):
    return (activation - y).abs()

  criterion = squared if config.loss == 'squared' else absolute
  return perceptron.one_neuron(config, spec, criterion)
