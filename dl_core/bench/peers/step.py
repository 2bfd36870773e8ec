"""The training step of a peer, in every variant that PyTorch offers to speed it up.

Variants are names of options: 'eager' or 'compile' (torch.compile of the loss and its
gradient), each also with 'channels_last' where there are images; on a GPU also
'graphs', compiled and replayed as CUDA graphs. All have fused optimizers.
"""

import contextlib
from collections.abc import Callable, Sequence

import torch

from dl_core.bench.peers import Peer, Turn

MODES = {'compile': 'default', 'graphs': 'reduce-overhead'}


def variants(tensors: Sequence[torch.Tensor], device: str) -> list[str]:
  """Names the variants that make sense for a batch on a device."""
  names = ['eager', 'compile'] + ['graphs'] * (device == 'cuda')
  images = any(tensor.ndim == 4 for tensor in tensors)
  return names + [f'{name} channels_last' for name in names] * images


def place(
  tensors: Sequence[torch.Tensor], variant: str, device: str
) -> list[torch.Tensor]:
  """Lays a batch out as a variant reads it, on its device."""
  last = variant.endswith('channels_last')
  layout = {4: torch.channels_last} if last else {}
  return [
    one.to(device, memory_format=layout.get(one.ndim, torch.contiguous_format))
    for one in tensors
  ]


def make_step(
  peer: Peer, variant: str = 'eager', precision: str = 'float32', device: str = 'cpu'
) -> Callable[..., list[torch.Tensor]]:
  """Makes one step: (tensors, noises=None) -> the loss of every turn.

  The noises are one for each turn that draws; they are drawn unless given. With
  'bfloat16' the losses run under autocast; parameters stay in float32.
  """
  if variant.endswith('channels_last'):
    peer.module.to(memory_format=torch.channels_last)
  peer.module.to(device)
  mode = MODES.get(variant.partition(' ')[0])
  losses = [
    torch.compile(turn.loss, mode=mode, dynamic=False) if mode else turn.loss
    for turn in peer.turns
  ]
  moves = [mover(turn)[0] for turn in peer.turns]
  parameters = list(peer.module.parameters())
  own = [set(turn.moves) for turn in peer.turns]

  def cast():
    if precision == 'float32':
      return contextlib.nullcontext()
    return torch.autocast(device, getattr(torch, precision))

  def step(tensors, noises=None):
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


def mover(turn: Turn) -> tuple[Callable[[], None], list[torch.Tensor]]:
  """Returns what ends a turn, moving its parameters, and their averages, if any."""
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

  return move, average
