"""The cost of one step on a mesh that need not exist: compiled, and never run.

From shapes alone: no example is read, no parameter is made. The devices are simulated
by the CPU backend, so the bytes of temporaries are that backend's.
"""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax

from dl_core import config as configs
from dl_core import tasks, train, trees
from dl_core.launch import jobs, seeds, studies
from dl_core.runtime import (
  collectives,
  compilation,
  devices,
  flops,
  quiet,
  sharding,
)
from dl_core.train import compiled, workdir
from dl_core.types import Experiment, UserError

ROWS = 40  # of the table that is printed
MOST = 4_096  # devices


def main(module: ModuleType, name: str, c: configs.Config) -> int:
  """Plans an experiment, or each run of a study: `--plan`. Returns the exit code.

  Runs that differ only in their seed cost the same and are planned once.
  """
  simulate(c.mesh)
  sharding.check(c.mesh, c.batch_size)
  study = studies.of(module, c)
  if study is None:
    planned = {'': jobs.plan(module, name, c)}
  else:
    planned = studies.plan(module, name, c, study).jobs
  if not planned:
    raise UserError(
      f'--plan was given, but {name} trains nothing with these settings; drop it'
    )
  for group in seeds.alike(planned):
    found = of(next(iter(group.values())).experiment)
    paths = [job.folder / 'plan.json' for job in group.values()]
    for path in paths:
      write(path, found)
    label, places = ', '.join(group), ', '.join(map(str, paths))
    print(f'{label}\n' * bool(label) + text(found) + f'\n\nwritten to {places}')
  return 0


def simulate(mesh: str) -> None:
  """Makes JAX simulate as many CPU devices as a mesh has.

  Raises:
    UserError: there are too many, or JAX has already begun with fewer.
  """
  jax.config.update('jax_platforms', 'cpu')
  count = math.prod(sharding.sizes(mesh).values()) if mesh else 1
  if count > MOST:
    raise UserError(
      f'--mesh={mesh} was given, which is {count:,} devices; up to {MOST:,} can be '
      'simulated, give fewer'
    )
  try:
    jax.config.update('jax_num_cpu_devices', count)
  except RuntimeError as error:
    if count > jax.device_count():
      raise UserError(
        f'--mesh={mesh} was given, which is {count} devices, but JAX has begun with '
        f'{jax.device_count()}; plan it in a process of its own'
      ) from error


def of(experiment: Experiment) -> dict[str, Any]:
  """Compiles the step of an experiment on its mesh; returns what it costs.

  Returns:
    parameters; modules: {path: {parameters, shapes}}; flops_per_step, products alone,
    over all devices; flops_at_most: whether steps choose by their data among programs,
    whose largest is counted; bytes_per_device: see `dispatch.held`, the arguments are
    state and batch, and their total; collective_bytes: see `collectives.count`;
    compile_seconds; fits: {device: whether it holds the total};
    experiment's batch_size, precision, mesh and the number of its devices.
  """
  c, data = experiment.config, experiment.data
  layout = compiled.layout_of(experiment)
  task = tasks.computed_in(experiment.task, c.precision)
  update = train.make_update(task, experiment.optimizers)
  state = train.shapes(experiment)
  shardings = layout(state), sharding.split(data.spec.batch, layout.mesh)
  inputs = jax.tree.map(placed, (state, data.spec.batch), shardings)
  begun = time.monotonic()
  with jax.set_mesh(layout.mesh), quiet.compiler():
    step = jax.jit(update, donate_argnums=0, out_shardings=(shardings[0], None))
    program = step.lower(*inputs).compile(compilation.NEVER)
  seconds = time.monotonic() - begun
  held = compiled.held(program)
  total = sum(held.values())
  return {
    'parameters': trees.size(state.params),
    'modules': modules(state.params),
    'batch_size': c.batch_size,
    'precision': c.precision,
    'mesh': dict(layout.mesh.shape),
    'devices': layout.mesh.size,
    'flops_per_step': compiled.operations(experiment),
    'flops_at_most': flops.chooses(jax.make_jaxpr(update)(*inputs).jaxpr),
    'bytes_per_device': held | {'total': total},
    'collective_bytes': collectives.count(program.as_text() or ''),
    'compile_seconds': round(seconds, 3),
    'fits': fits(total),
  }


def fits(total: float) -> dict[str, bool]:
  """Returns for each known device whether its memory holds so many bytes."""
  return {name: total <= each.memory for name, each in devices.DEVICES.items()}


def placed(leaf: Any, shardings: Any) -> jax.ShapeDtypeStruct:
  return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=shardings)


def modules(params: Any) -> dict[str, dict[str, Any]]:
  """Returns {path of a module: its own parameters, in number and by shape}."""
  found: dict[str, dict[str, Any]] = {}
  for path, leaf in jax.tree_util.tree_leaves_with_path(params):
    *parents, name = jax.tree_util.keystr(path, simple=True, separator='/').split('/')
    row = found.setdefault('/'.join(parents), {'parameters': 0, 'shapes': {}})
    row['parameters'] += leaf.size
    row['shapes'][name] = list(leaf.shape)
  return found


def write(path: Path, found: Mapping[str, Any]) -> None:
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    workdir.write_json(path, found)
  except OSError as error:
    raise UserError(
      f'the workdir {path.parent} cannot be written ({error.strerror}); name another '
      'one with --workdir'
    ) from None


def text(found: Mapping[str, Any]) -> str:
  """Returns a plan as text: modules, memory, communication, devices that suffice."""
  held, sent = found['bytes_per_device'], found['collective_bytes']
  yes = [name for name, fits in found['fits'].items() if fits]
  no = [name for name, fits in found['fits'].items() if not fits]
  mesh = ', '.join(f'{axis} {side}' for axis, side in found['mesh'].items())
  rows = {
    'parameters': f'{found["parameters"]:,}',
    'operations a step': f'{found["flops_per_step"]:,} (products, batch of '
    f'{found["batch_size"]}, {found["precision"]}'
    f'{", of the longest sequences" * found["flops_at_most"]})',
    'mesh': f'{mesh}: {found["devices"]} in all',
    'bytes a device': f'{held["total"]:,}: {held["arguments"]:,} arguments (state and '
    f'batch), {held["temporaries"]:,} temporaries, {held["output"]:,} output',
    'sent by a device': ', '.join(f'{kind} {size:,}' for kind, size in sent.items())
    or 'nothing',
    'compiled in': f'{found["compile_seconds"]:.1f} s',
    'fits': ', '.join(yes) or 'none of the devices known',
    'does not fit': ', '.join(no),
  }
  width = max(map(len, rows))
  lines = [f'{name:<{width}}  {value}' for name, value in rows.items() if value]
  note = (
    'Temporaries are the estimate of the CPU backend, which compiled this; the data '
    'set,\nif it is resident, comes on top.'
  )
  return '\n'.join([*table(found['modules']), '', *lines, note])


def table(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
  """Returns the rows of modules; too many are summed up under their parents."""
  rows = {
    path or 'model': (row['parameters'], shapes(row['shapes']))
    for path, row in found.items()
  }
  depth = max(path.count('/') for path in rows)
  while len(rows) > ROWS and depth:
    grouped: dict[str, tuple[int, str]] = {}
    for path, (number, _) in rows.items():
      parent = '/'.join(path.split('/')[:depth])
      grouped[parent] = (grouped.get(parent, (0, ''))[0] + number, '')
    rows, depth = grouped, depth - 1
  width = max(map(len, rows))
  return [
    f'{path:<{width}}  {number:>13,}  {shape}'.rstrip()
    for path, (number, shape) in rows.items()
  ]


def shapes(named: Mapping[str, list[int]]) -> str:
  return ', '.join(f'{name} {"×".join(map(str, s)) or 1}' for name, s in named.items())
