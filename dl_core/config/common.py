"""The settings that every experiment has, and those of some kinds of experiments."""

import dataclasses

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
    'on the validation split reaches it; empty: none',
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
  export: str = field(
    '',
    'file, .safetensors, to write the trained model to for other libraries',
    how=True,
    group='trained',
  )
  init_from: str = field(
    '',
    'workdir, or file of weights, to take the initial parameters from; empty: random '
    'parameters',
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


@dataclasses.dataclass(frozen=True)
class Textual(Config):
  """The settings of experiments on text.

  Which vocabulary is used is part of a run's identity by the source of its data.
  """

  vocabulary: str = field(
    'characters',
    'kind of tokens: characters, words, bpe or wordpiece, trained on the training '
    'split; or a file with a vocabulary: tokenizer.json, vocab.txt, or vocab.json '
    'beside merges.txt',
    how=True,
    group='data',
  )
  pieces: int = field(
    0,
    'size of a vocabulary that is trained; 0: 512',
    low=0,
    below=2**24,
    how=True,
    group='data',
  )


@dataclasses.dataclass(frozen=True)
class Generating(Textual):
  """The settings of experiments whose models generate text."""

  prompt: str = field(
    '', 'text that the trained model continues', how=True, group='trained'
  )
  temperature: float = field(
    0.8,
    'sampling temperature of generated text; 0: the likeliest token each time, 1: the '
    'probabilities as learned',
    low=0,
    below=1_000,
    how=True,
    group='trained',
  )
  top_k: int = field(
    0,
    'number of likeliest tokens that generated text is drawn from; 0: all',
    low=0,
    below=2**24,
    how=True,
    group='trained',
  )
  top_p: float = field(
    1.0,
    'probability of the likeliest tokens that generated text is drawn from; 1: all',
    above=0,
    high=1,
    how=True,
    group='trained',
  )
  length: int = field(
    500,
    'number of tokens to generate, here and in the report',
    low=1,
    below=2**20,
    how=True,
    group='trained',
  )


@dataclasses.dataclass(frozen=True)
class Transfer(Config):
  """The settings of classifiers that may start from the parameters of another task."""

  freeze: str = field(
    'nothing',
    'parameters that keep their values from --init_from; backbone: all but the last '
    'layer, which alone is trained, with batch norm in evaluation mode',
    choices=('nothing', 'backbone'),
    group='rare',
  )
