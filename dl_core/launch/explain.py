"""`--explain=FILE...`: draws where a trained classifier sees the class of an image."""

from types import ModuleType

from dl_core.config import Config
from dl_core.launch import predict
from dl_core.report import svg
from dl_core.train import workdir
from dl_core.types import UserError


def main(module: ModuleType, name: str, c: Config, given: list[str]) -> int:
  """Prints the class of each image and draws the evidence for it.

  The drawings are in `explained` in the workdir.

  Returns:
    0; or 1 where one could not be drawn.

  Raises:
    UserError: there is no trained classifier of images, or a file cannot be read.
  """
  model = predict.trained(module, name, c)
  data, explain = model.experiment.data, model.experiment.explain
  classes = tuple(workdir.read_config(model.folder)['classes'])  # of its training
  if data.read is None or explain is None or not data.spec.channels:
    raise UserError(
      f'{name} on {data.spec.source} classifies no images; drop --explain'
    )
  examples = [data.read(each) for each in given]
  variables, failed = model.variables(), 0
  for number, (each, x) in enumerate(zip(given, examples, strict=True)):
    said = explain(variables, x, classes)
    assert said.draw is not None
    found = predict.drawn(model.folder, number, each, said.draw, 'explained')
    failed += found.failed
    print(svg.legible(f'{each}: {said.words}; {found.words}').replace('\n', r'\n'))
  return 1 if failed else 0
