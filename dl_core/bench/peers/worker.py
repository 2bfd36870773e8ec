"""The worker, in which a peer trains or writes; `process` sends it pickles."""

import importlib
import os
import pickle
import queue
import sys
import threading
import time
from typing import Any

from dl_core.types import UserError

FIRST = 3  # steps after which everything is compiled and allocated


def main() -> None:
  """Answers requests until the parent process ends."""
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)  # what a library prints is no answer
  questions: queue.SimpleQueue = queue.SimpleQueue()
  threading.Thread(target=listen, args=(questions,), daemon=True).start()

  def say(answer):
    pickle.dump(answer, answers)
    answers.flush()

  try:
    timed, known = prepare(*questions.get())
  except UserError as error:
    return say(error)
  say(known)
  while True:
    say(timed(*questions.get()))


def listen(questions: queue.SimpleQueue) -> None:
  """Queues requests; exits at once when the parent process is gone."""
  while True:
    try:
      questions.put(pickle.load(sys.stdin.buffer))
    except (EOFError, pickle.UnpicklingError):
      os._exit(0)


def prepare(
  name: str, config: Any, spec: Any, precision: str, device: str, loop: str = ''
) -> tuple:
  """Tries every variant of a peer; see `process.started`.

  Returns:
    (variant, steps) -> seconds, and what is known: (version, {variant: seconds of its
    first steps}, {variant: why it does not work}).
  """
  try:
    import torch
  except ImportError as error:
    raise UserError(
      f'--peer=torch was given, but PyTorch cannot be imported ({error}); '
      "pip install -e '.[bench]'"
    ) from None
  if device == 'cuda' and not torch.cuda.is_available():
    raise UserError(
      f'--peer=torch was given on a GPU, but PyTorch {torch.__version__} finds none; '
      'install a PyTorch for this GPU, or take --platform=cpu'
    )
  from dl_core.bench.peers import step, writing

  torch.set_float32_matmul_precision('high')  # TF32 on a GPU, as JAX has by default
  torch.set_flush_denormal(True)  # as XLA does
  runs: dict[str, Any] = {}
  module = importlib.import_module(f'dl_core.bench.peers.{name}')

  def timed(variant, times):
    settle = torch.cuda.synchronize if device == 'cuda' else lambda: None
    run, tensors, whole = runs[variant]
    settle()
    start = time.perf_counter()
    for _ in range(times):
      run(tensors)
    settle()
    return (time.perf_counter() - start) * whole

  def train(variant):
    peer = module.peer(config, spec)
    tensors = step.place(peer.tensors(spec.batch), variant, device)
    return step.make_step(peer, variant, precision, device), tensors, 1

  def write(variant):
    writer = module.writer(config, spec)
    tensors = step.place(writer.tensors(spec.batch.x), variant, device)
    part = writing.part(tensors, loop)
    whole = len(tensors[0]) / len(part[0])
    return writing.make_loop(writer, variant, loop, device), part, whole

  if loop:
    names, made, often = [*writing.VARIANTS], write, 1
  else:
    tensors = module.peer(config, spec).tensors(spec.batch)
    names, made, often = step.variants(tensors, device), train, FIRST
  first, failures = {}, {}
  for variant in names:
    try:
      runs[variant] = made(variant)
      first[variant] = timed(variant, often)
    except Exception as error:  # whatever a compiler may say
      text = str(error).strip().splitlines() or ['']
      failures[variant] = f'{type(error).__name__}: {text[0]}'
  return timed, (str(torch.__version__), first, failures)


if __name__ == '__main__':
  main()
