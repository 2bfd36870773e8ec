"""Compiler options, and the cache of compiled programs on disk."""

import gc
import hashlib
import os
import platform
from pathlib import Path

import jax

Options = dict[str, str | bool]

SHORTEST = 0.1  # seconds of a compilation that is worth a file
# Compiler options of a program that runs once. The initialization of a ResNet took
# longer to compile than its step; with this it takes a quarter, with the same results.
ONCE: Options = {'xla_backend_optimization_level': '1'}
# The same for a program that is only analysed: memory is assigned before LLVM runs.
NEVER: Options = {'xla_backend_optimization_level': '0'}

# Memory mappings beyond which `spare` drops compiled programs: each has dozens, and
# Linux allows a process 65,530 mappings.
MAPPINGS = 20_000


def often() -> Options:
  """Returns the compiler options of a program that runs at every step or batch.

  On a CPU its default hands reductions, products and convolutions to YNNPACK. All but
  the last stay there: Eigen convolves 1.4 to 2.5 times as fast (`layers.cpu.eigen`).
  """
  if jax.default_backend() != 'cpu':
    return {}
  kept = ('REDUCE', 'INDIVIDUAL_DOT')
  names = ','.join(f'LIBRARY_FUSION_TYPE_{name}' for name in kept)
  return {'xla_cpu_experimental_ynn_fusion_type': names}


def spare() -> None:
  """Drops the programs that JAX has compiled, once they have many memory mappings.

  JAX keeps all of them. At Linux's limit of mappings, which a study of thirty
  Transformers reached, LLVM aborts: "Unable to allocate section memory!".
  """
  try:
    with open('/proc/self/maps', encoding='utf-8', errors='replace') as lines:
      count = sum(1 for _ in lines)
  except OSError:  # not on Linux
    return
  if count > MAPPINGS:
    jax.clear_caches()
    gc.collect()


def keep() -> None:
  """Makes JAX cache compiled programs in the user's cache folder.

  $JAX_COMPILATION_CACHE_DIR names another folder; JAX_ENABLE_COMPILATION_CACHE=false
  disables the cache. If the folder cannot be written, nothing is cached.
  """
  if os.environ.get('JAX_COMPILATION_CACHE_DIR'):
    return
  if not cache().is_absolute():  # nobody's home
    return
  folder = cache() / 'dl_core' / f'compiled-{processor()}'
  try:
    folder.mkdir(parents=True, exist_ok=True)
  except OSError:
    return
  if os.access(folder, os.W_OK):
    jax.config.update('jax_compilation_cache_dir', str(folder))
    jax.config.update('jax_persistent_cache_min_compile_time_secs', SHORTEST)


def cache() -> Path:
  """Returns the folder of caches, by the convention of XDG."""
  given = Path(os.environ.get('XDG_CACHE_HOME', ''))
  return given if given.is_absolute() else Path(os.path.expanduser('~/.cache'))


def processor() -> str:
  """Returns a hash of the processor's features, on which CPU programs depend."""
  try:
    lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
  except OSError:
    lines = []
  wanted = ('flags', 'Features', 'model name')
  told = sorted({line for line in lines if line.startswith(wanted)})
  return hashlib.sha256(repr((platform.machine(), told)).encode()).hexdigest()[:8]
