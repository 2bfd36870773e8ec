"""Multi30k: captions of photographs in German and English, from the original files."""

from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data.builders import originals, pairs

SPLITS = {'train': 'train', 'validation': 'val', 'test': 'test_2016_flickr'}


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """31,014 captions in two languages (Elliott et al. 2016), task 1."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 29_000, 'validation': 1_014, 'test': 1_000}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    return pairs.info(
      self,
      ('de', 'en'),
      ('de', 'en'),
      'https://github.com/multi30k/dataset',
      ['The test split is test_2016_flickr.'],
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    return {
      split: self._generate_examples(
        {code: pairs.lines(paths[f'{file}.{code}.gz']) for code in ('de', 'en')}
      )
      for split, file in SPLITS.items()
    }

  def _generate_examples(self, texts):
    yield from pairs.examples(
      {code: [line.strip() for line in found] for code, found in texts.items()}
    )
