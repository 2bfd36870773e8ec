"""A peer that writes texts token by token, in a loop of Python.

All texts have the same number of tokens, and none ends before. Variants are 'eager' and
'compile', which is torch.compile of what reads one token.
"""

from collections.abc import Callable, Sequence

import torch

from dl_core.bench.peers import Writer

# One text after another, or a token of all texts at a time.
LOOPS = ('single', 'batch')
VARIANTS = ('eager', 'compile')
PART = 20  # texts of the loop over single ones that are timed: each takes as long


def part(tensors: Sequence[torch.Tensor], loop: str) -> list[torch.Tensor]:
  """Returns the texts that a loop is timed with."""
  most = PART if loop == 'single' else len(tensors[0])
  return [tensor[:most] for tensor in tensors]


def make_loop(
  writer: Writer, variant: str, loop: str, device: str = 'cpu'
) -> Callable[[Sequence[torch.Tensor]], torch.Tensor]:
  """Makes the loop: (tensors) -> tokens [B, T]; each text goes on from token 0."""
  writer.module.to(device).eval()
  advance = writer.advance
  if variant == 'compile':
    advance = torch.compile(advance, dynamic=False)

  def written(tensors):
    state = writer.start(*tensors)
    tokens = tensors[0].new_zeros(len(tensors[0]))
    said = []
    for _ in range(writer.length):
      state, logits = advance(state, tokens)
      if writer.draws:
        tokens = torch.multinomial(logits.softmax(-1), 1)[:, 0]
      else:
        tokens = logits.argmax(-1)
      said.append(tokens)
    return torch.stack(said, 1)

  @torch.inference_mode()
  def write(tensors):
    if loop == 'batch':
      return written(tensors)
    rows = range(len(tensors[0]))
    return torch.cat([written([one[n : n + 1] for one in tensors]) for n in rows])

  return write
