"""Peers: PyTorch versions of the experiments' models, for comparison with ours.

One file for each experiment that has one, by the experiment's name. It has

  peer(config, spec) -> Peer      from the experiment's settings and its data's Spec, of
                                  which it reads the classes and the batch's shapes
  carried(params) -> arrays       our parameters, or gradients by them, as those of
                                  `Peer.module`, in the order of its parameters()

and, if its model writes texts, which the benchmark of decoding calls,

  writer(config, spec) -> Writer

The parity tests copy our weights in and compare; `step` trains and `writing` writes,
`process` in a process of its own. Only here is torch imported, and by no training run.

A peer does as much as ours or less: the accuracies that our step reports are left out,
every label weighs 1, and the learning rate stays at its peak instead of following the
recipe's schedule.
"""

from collections.abc import Callable
from typing import Any, NamedTuple


class Turn(NamedTuple):
  """What one player does in a step; nearly always there is one.

  Attributes:
    loss: (*tensors of the batch, *what is drawn) -> scalar.
    moves: the parameters that it moves.
    optimizer: (parameters, fused=...) -> the torch.optim.Optimizer that moves them.
    noise: shape of what N(0, 1) draws for it in every step; () where nothing is drawn.
    clip: the greatest norm of its gradient, if that is bounded.
    average: decay of the average of its parameters, if there is one; see
      `dl_core.tasks.optimizers.average`.
  """

  loss: Callable[..., Any]
  moves: list
  optimizer: Callable[..., Any]
  noise: tuple[int, ...] = ()
  clip: float | None = None
  average: float | None = None


class Peer(NamedTuple):
  """A model and how it is trained.

  Attributes:
    module: all players in one.
    tensors: (Batch of arrays) -> what the losses read of it; images as [B, C, H, W].
    turns: in their order.
  """

  module: Any
  tensors: Callable[[Any], tuple]
  turns: tuple[Turn, ...]


class Writer(NamedTuple):
  """A model and how it writes texts, see `dl_core.types.Decode`.

  Attributes:
    module: the model.
    tensors: (x of a Batch of arrays) -> what `start` reads, B texts on the first axis.
    start: (*tensors) -> the state before the first token.
    advance: (state, tokens [B]) -> (state, logits [B, V]): reads a token of each text.
    length: tokens of a text.
    draws: whether tokens are drawn; else they are the likeliest.
  """

  module: Any
  tensors: Callable[[Any], tuple]
  start: Callable[..., Any]
  advance: Callable[[Any, Any], tuple]
  length: int
  draws: bool = False
