"""One training step of a peer: every player's turn, in order, as PyTorch does it best.

Variants are names of options: 'eager' or 'compile' (torch.compile of the loss and its
gradient), each also with 'channels_last' where there are images; on a GPU also
'graphs', compiled and replayed as CUDA graphs. All have fused optimizers.
"""

import contextlib
from collections.abc import Callable, Sequence

import torch

from dl_core.peers import Peer, Turn

MODES = {'compile': 'default', 'graphs': 'reduce-overhead'}


def variants(tensors: Sequence[torch.Tensor], device: str) -> list[str]:
  """Names the variants that make sense for a batch on a device."""
  names = ['eager', 'compile'] + ['graphs'] * (device == 'cuda')
  images = any(tensor.ndim == 4 for tensor in tensors)
  return names + [f'{name} channels_last' for name in names] * images


def make_step(
  peer: Peer,
  tensors: Sequence[torch.Tensor],
  variant: str = 'eager',
  precision: str = 'float32',
  device: str = 'cpu',
) -> Callable[..., list[torch.Tensor]]:
  """Makes one step on a batch: (noises=None) -> the loss of every turn, before it.

  The noises are one array for each turn that draws; they are drawn unless given. With
  'bfloat16' the losses run under autocast; parameters stay in float32.
  """
  kind, _, layout = variant.partition(' ')
  if layout:
    peer.module.to(memory_format=torch.channels_last)
    tensors = [
      one.contiguous(memory_format=torch.channels_last) if one.ndim == 4 else one
      for one in tensors
    ]
  peer.module.to(device)
  tensors = [one.to(device) for one in tensors]
  mode = MODES.get(kind)
  losses = [
    torch.compile(turn.loss, mode=mode, dynamic=False) if mode else turn.loss
    for turn in peer.turns
  ]
  moves = [mover(turn) for turn in peer.turns]
  parameters = list(peer.module.parameters())
  own = [set(turn.moves) for turn in peer.turns]

  def cast():
    if precision == 'float32':
      return contextlib.nullcontext()
    return torch.autocast(device, getattr(torch, precision))

  def step(noises=None):
    found = []
    for n, turn in enumerate(peer.turns):
      for parameter in parameters:
        parameter.requires_grad_(parameter in own[n])
      drawn = [] if noises is None else [noises[n]]
      if turn.noise and not drawn:
        drawn = [torch.randn(turn.noise, device=device)]
      with cast():
        loss = losses[n](*tensors, *drawn)
      loss.backward()
      moves[n]()
      # The memory of a CUDA graph's result is written anew by the next one.
      found.append(loss.detach().clone())
    return found

  return step


def mover(turn: Turn) -> Callable[[], None]:
  """Makes what ends a turn: its parameters move by their gradients, then dropped."""
  optimizer = turn.optimizer(turn.moves, fused=True)
  average = [one.detach().clone() for one in turn.moves] if turn.average else []
  updates = 0

  def move():
    nonlocal updates
    if turn.clip:
      torch.nn.utils.clip_grad_norm_(turn.moves, turn.clip, foreach=True)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if turn.average:
      kept = min(turn.average, (1 + updates) / (10 + updates))
      with torch.no_grad():
        torch._foreach_lerp_(average, turn.moves, 1 - kept)
      updates += 1

  return move
