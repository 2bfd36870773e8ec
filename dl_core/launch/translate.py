"""`--translate=FILE...`: a trained model carries images from one domain to another."""

from types import ModuleType

import numpy as np

from dl_core.config import Config
from dl_core.launch import predict
from dl_core.report import svg
from dl_core.types import UserError

PLACE = 'translated'  # the folder in the workdir


def main(module: ModuleType, name: str, c: Config, given: list[str]) -> int:
  """Writes the translations of each image into `translated` in the workdir.

  Returns:
    0.

  Raises:
    UserError: there is no trained model, it does not translate images, or a file cannot
      be read.
  """
  model = predict.trained(module, name, c)
  data, translate = model.experiment.data, model.experiment.translate
  if data.read is None or translate is None:
    raise UserError(
      f'{name} on {data.spec.source} translates no images; drop --translate'
    )
  examples = [data.read(each) for each in given]
  variables = model.variables()
  for number, (each, x) in enumerate(zip(given, examples, strict=True)):
    words = []
    for way, image in translate(variables, x).items():
      pixels = np.rint(255 * np.clip(np.asarray(image), 0, 1)).astype(np.uint8)
      path = predict.placed(model.folder, number, each, PLACE, f'-{way}')
      found = predict.written(path, pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
      words.append(f'{way} in {found}')
    print(svg.legible(f'{each}: {", ".join(words)}').replace('\n', r'\n'))
  return 0
