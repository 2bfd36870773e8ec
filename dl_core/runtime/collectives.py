"""Counts the bytes of collectives in a compiled program, from its HLO text.

XLA's own counts read the body of a loop once. Here an instruction counts as often as it
runs: instructions in a loop's body are multiplied by its trip count.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

KINDS = (
  'all-gather', 'all-reduce', 'all-to-all', 'collective-broadcast',
  'collective-permute', 'ragged-all-to-all', 'reduce-scatter',
)  # fmt: skip
INSTRUCTION = re.compile(r'\s+(?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)')
# Attributes that name the computations which an instruction runs.
CALLED = re.compile(
  r'(?:calls|to_apply|body|condition|(?:true|false|branch)_computations?)='
  r'(?:\{([^}]*)\}|%?([\w.-]+))'
)
TRIPS = re.compile(r'known_trip_count\D*(\d+)')
ARRAY = re.compile(r'\b(pred|[a-z]+(\d+)\w*)\[([\d,]*)\]')


class Instruction(NamedTuple):
  """A line of a program.

  Attributes:
    kind: its operation.
    size: bytes of its result, on one device.
    rest: what stands behind the operation: operands and attributes.
  """

  kind: str
  size: int
  rest: str


def count(program: str) -> dict[str, int]:
  """Sums the bytes of each kind of collective, on one device, in one run of a program.

  An all-gather counts its result, a reduce-scatter its operand, the others either. A
  loop whose trip count XLA does not know counts once, as does each branch of a
  condition.

  Args:
    program: HLO after optimization, `compiled.as_text()`.
  """
  entry, computations = parse(program)
  found: Counter[str] = Counter()

  def walk(name: str, times: int) -> None:
    for instruction in computations.get(name, {}).values():
      kind = instruction.kind.removesuffix('-start')
      if kind in KINDS:
        found[kind] += times * moved(instruction, computations[name])
      trips = TRIPS.search(instruction.rest) if kind == 'while' else None
      for called in callees(instruction.rest):
        walk(called, times * (int(trips[1]) if trips else 1))

  walk(entry, 1)
  return dict(sorted(found.items()))


def parse(program: str) -> tuple[str, dict[str, dict[str, Instruction]]]:
  """Returns the name of the entry and {computation: {name: instruction}}."""
  entry, current = '', ''
  computations: dict[str, dict[str, Instruction]] = {}
  for line in program.splitlines():
    if line.endswith('{') and not line.startswith(' '):
      words = line.removeprefix('ENTRY ').split()
      current = words[0].lstrip('%')
      computations[current] = {}
      entry = current if line.startswith('ENTRY ') else entry
    elif current and (match := INSTRUCTION.match(line)):
      name, kind, operation, rest = match.groups()
      computations[current][name] = Instruction(operation, size(kind), rest)
  return entry, computations


def callees(rest: str) -> Iterator[str]:
  for several, one in CALLED.findall(rest):
    yield from (name.strip().lstrip('%') for name in (several or one).split(','))


def moved(instruction: Instruction, around: dict[str, Instruction]) -> int:
  """Returns the bytes of a collective; see `count`."""
  operands = instruction.rest.partition(')')[0]
  read = [around[name].size for name in re.findall(r'%([\w.-]+)', operands)]
  if instruction.kind.endswith('-start'):  # its result holds the operand, too
    return max(sum(read), instruction.size - sum(read))
  return max(sum(read), instruction.size)


def size(kind: str) -> int:
  """Returns the bytes of a type as XLA writes it: 'f32[2,3]{1,0}', or of a tuple."""
  total = 0
  for name, bits, sides in ARRAY.findall(kind):
    elements = math.prod(int(side) for side in sides.split(',') if side)
    total += elements * (1 if name == 'pred' else -(-int(bits) // 8))
  return total
