"""The settings of every experiment, and of studies that only draw."""

import dataclasses
from typing import TypeGuard

from dl_core.config.fields import Settings, field

PRECISIONS = ('float32', 'bfloat16')


@dataclasses.dataclass(frozen=True)
class Drawing(Settings):
  """The settings of a study that only draws."""

  workdir: str = field(
    '',
    'folder for all that the run writes; empty: runs/NAME-HASH, with a hash of the '
    'settings',
    how=True,
    group='run',
  )
  seed: int = field(0, 'seed of all random numbers', low=0, below=2**32, group='run')
  fresh: bool = field(
    False,
    'delete what the workdir holds and start over, instead of resuming',
    how=True,
    handed=True,
    group='run',
  )
  platform: str = field(
    'auto',
    'kind of device to compute on; auto: the fastest that JAX finds',
    choices=('auto', 'cpu', 'gpu', 'tpu'),
    how=True,
    handed=True,
    group='device',
  )


@dataclasses.dataclass(frozen=True)
class Config(Drawing):
  """The settings of every experiment, and of studies that have runs."""

  dataset: str = field('digits', 'name of the data set', group='data')
  data_dir: str = field(
    '',
    'folder that holds the data sets, or your own data for --dataset=folder or text; '
    'empty: $TFDS_DATA_DIR',
    how=True,
    handed=True,
    group='data',
  )
  seeds: int = field(
    1,
    'number of runs, with the seeds from --seed on, that are compared',
    low=1,
    below=1_000,
    how=True,
    group='run',
  )
  steps: int = field(
    1_000, 'training steps; 0: evaluate only', low=0, below=2**31, group='run'
  )
  batch_size: int = field(
    64, 'training examples per step', low=1, below=2**31, group='run'
  )
  learning_rate: float = field(1e-3, 'peak learning rate', above=0, group='run')
  eval_every: int = field(
    100, 'steps between evaluations on the validation split', low=1, how=True,
    group='run',
  )  # fmt: skip
  checkpoint_every: int = field(
    500, 'steps between checkpoints', low=1, how=True, group='run'
  )
  patience: int = field(
    0,
    'stop after this many evaluations without a lower validation loss; 0: never',
    low=0,
    group='run',
  )
  until: str = field(
    '',
    'METRIC:VALUE, such as accuracy:0.99, at which training stops once an evaluation '
    'on the validation split reaches it; or risen:N, to stop once the validation loss '
    'exceeds the mean of the N before; empty: none',
    group='run',
  )
  keep_best: bool = field(
    False,
    'test the parameters of the lowest validation loss, instead of the last ones',
    group='run',
  )
  max_seconds: float = field(
    0.0,
    'time limit in seconds; the run then saves and stops, and the same command '
    'resumes it; 0: no limit',
    low=0,
    how=True,
    group='run',
  )
  precision: str = field(
    'float32',
    'dtype in which models compute; parameters stay float32',
    choices=PRECISIONS,
    group='device',
  )
  predict: str = field(
    '',
    'file to classify with the trained model; more files may follow',
    how=True,
    group='trained',
  )
  explain: str = field(
    '',
    'image in which to draw where the trained classifier sees its class; more files '
    'may follow',
    how=True,
    group='trained',
  )
  sample: int = field(
    0,
    'number of images that the trained model samples, into WORKDIR/sampled; 0: none',
    low=0,
    below=100_000,
    how=True,
    group='trained',
  )
  translate: str = field(
    '',
    'image to translate between the two domains of the trained model; more files may '
    'follow',
    how=True,
    group='trained',
  )
  export: str = field(
    '',
    'file, .safetensors, to write the trained model to for other libraries',
    how=True,
    group='trained',
  )
  init_from: str = field(
    '',
    'workdir, file of weights, or study:LABEL for a run of the same study, to take the '
    'initial parameters from; empty: random parameters',
    group='rare',
  )
  steps_per_call: int = field(
    0,
    'updates in one call of the compiled program; 0: as many as measured to be '
    'fastest for the model and the device',
    low=0,
    below=2**31,
    group='rare',
  )
  resident_bytes: int = field(
    2**30,
    'size in bytes up to which the decoded training set is kept on the device; larger '
    'sets are read batch by batch',
    low=0,
    how=True,
    handed=True,
    group='rare',
  )
  mesh: str = field(
    '',
    'device mesh, as in data:4,fsdp:2,tensor:1; empty: one device',
    how=True,
    handed=True,
    group='rare',
  )
  distributed: str = field(
    '',
    'how several processes form one run: auto, or HOST:PORT,COUNT,INDEX of the '
    'coordinator, of the processes and of this one; empty: one process',
    how=True,
    handed=True,
    group='rare',
  )
  plan: bool = field(
    False,
    'print parameters, operations, memory and communication of one step on --mesh, '
    'whose devices need not exist, instead of training',
    how=True,
    group='rare',
  )
  profile: bool = field(
    False,
    'trace a few steps with jax.profiler, into WORKDIR/profile',
    how=True,
    handed=True,
    group='rare',
  )


def trains(c: Drawing) -> TypeGuard[Config]:
  """Returns whether the settings are of something that has runs, not only drawings."""
  return isinstance(c, Config)
