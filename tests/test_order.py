"""Packages import downward only; nothing in dl_core knows `experiments`."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# From the top to the bottom; packages in one row do not import each other.
ORDER = (
  ('experiments',),
  ('bench', 'course'),
  ('launch',),
  ('lessons',),
  ('interpret',),
  ('report',),
  ('train',),
  ('tasks',),
  ('models', 'data'),
  ('layers', 'runtime'),
  ('config', 'metrics', 'trees', 'record', 'weights', 'graphs'),
  ('types',),
)
ROW = {name: row for row, names in enumerate(ORDER) for name in names}


def module(path, root=ROOT):
  """Returns the dotted name of a source file."""
  name = '.'.join(path.relative_to(root).with_suffix('').parts)
  return name.removesuffix('.__init__')


def package(name):
  """Returns the package of `ORDER` that a module belongs to; '' for dl_core itself."""
  first, _, rest = name.partition('.')
  return first if first == 'experiments' else rest.partition('.')[0]


def imports(path, known):
  """Returns the modules of the project that a file imports, or names in a string.

  Imports inside functions count. A string counts where it holds a dotted name under
  `dl_core.` or `experiments.` and nothing else: `importlib` may be given it.
  """
  tree = ast.parse(path.read_text(encoding='utf-8'))
  found = set()
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      assert not node.level, f'{path} has a relative import'
      for alias in node.names:
        inner = f'{node.module}.{alias.name}'
        found.add(inner if inner in known else node.module)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
      text = node.value.strip()
      if re.fullmatch(r'(dl_core|experiments)\.[\w.]*', text):
        found.add(text.rstrip('.'))
  return {name for name in found if name.split('.')[0] in ('dl_core', 'experiments')}


def arrows(root=ROOT):
  """Returns {module: modules that it imports} of the whole source tree."""
  files = [*root.glob('dl_core/**/*.py'), *root.glob('experiments/*.py')]
  known = {module(path, root) for path in files}
  return {module(path, root): imports(path, known) for path in files}


def upward(found):
  """Returns the arrows that break the order, in words."""
  wrong = []
  for source, targets in found.items():
    for target in targets:
      a, b = package(source), package(target)
      if not a or not b or a == b:
        continue
      if ROW[a] >= ROW[b]:
        wrong.append(f'{source} imports {target}')
  return sorted(wrong)


def circle(found):
  """Returns modules that import each other in a circle; [] if there is none."""
  done, path = set(), []

  def visit(name):
    if name in path:
      return [*path[path.index(name) :], name]
    if name in done:
      return []
    path.append(name)
    for target in sorted(found.get(name, ())):
      if package(name) == package(target) and target == name.rpartition('.')[0]:
        continue  # a package's face stands above its modules
      if around := visit(target):
        return around
    done.add(path.pop())
    return []

  for name in sorted(found):
    if around := visit(name):
      return around
  return []


def test_every_package_has_its_place_in_the_order():
  names = {package(name) for name in arrows()} - {''}
  assert names == set(ROW)


def test_nothing_imports_what_stands_above_it():
  assert upward(arrows()) == []


def test_no_modules_import_each_other_in_a_circle():
  assert circle(arrows()) == []


def test_no_module_of_dl_core_names_an_experiment():
  named = {
    source: [target for target in targets if target.startswith('experiments')]
    for source, targets in arrows().items()
    if source.startswith('dl_core')
  }
  assert {source: targets for source, targets in named.items() if targets} == {}


def test_every_package_says_what_belongs_in_it():
  for path in ROOT.glob('dl_core/*/__init__.py'):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
    assert 'Not here:' in ' '.join(doc.split()), path


def test_tasks_training_and_launch_name_no_family_and_no_data_set():
  packages = 'dl_core/models', 'dl_core/data/builders', 'experiments'
  known = {path.stem for package in packages for path in (ROOT / package).glob('*')}
  known -= {'__init__', '__main__', '__pycache__', 'weights', 'labelled', 'tables'}
  known -= {'gan', 'linear', 'optimizers', 'texts', 'idx', 'originals', 'benchmark'}
  known -= {'sizes', 'positions', 'scaling', 'elbo'}
  for package in ('tasks', 'train', 'launch'):
    for path in (ROOT / 'dl_core' / package).glob('*.py'):
      tree = ast.parse(path.read_text(encoding='utf-8'))
      docs = {ast.get_docstring(node, clean=False) for node in documented(tree)}
      texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value not in docs
      ]
      words = {word for text in texts for word in re.findall(r'\w+', text)}
      assert not words & known, path
      kinds = [
        ast.unparse(node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'isinstance'
      ]
      assert not [kind for kind in kinds if re.match('(config|types|models)[.]', kind)]


def documented(tree):
  kinds = ast.Module, ast.ClassDef, ast.FunctionDef
  return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize(
  ('source', 'target'),
  [
    ('layers/a', 'from dl_core.models import b'),
    ('data/a', 'def f():\n  from dl_core.tasks import b'),
    ('models/a', 'import dl_core.data.b'),
    ('train/a', "name = 'dl_core.launch.b'"),
    ('launch/a', "import importlib\nimportlib.import_module(f'experiments.{1}')"),
  ],
)
def test_an_arrow_up_is_seen(tmp_path, source, target):
  path = tmp_path / 'dl_core' / f'{source}.py'
  path.parent.mkdir(parents=True)
  path.write_text(target)
  assert len(upward(arrows(tmp_path))) == 1


def test_a_circle_is_seen(tmp_path):
  folder = tmp_path / 'dl_core' / 'tasks'
  folder.mkdir(parents=True)
  (folder / 'a.py').write_text('from dl_core.tasks import b')
  (folder / 'b.py').write_text('def f():\n  from dl_core.tasks import a')
  assert circle(arrows(tmp_path)) == [
    'dl_core.tasks.a', 'dl_core.tasks.b', 'dl_core.tasks.a',
  ]  # fmt: skip


# Files of more than 250 lines, and why they are one.
LONG = {
  'dl_core/train/checkpoint.py': 'one class around orbax guards it in five places',
  'dl_core/types.py': 'every contract stands in one file, which only declares',
}


def test_no_file_holds_more_than_one_idea():
  long = {
    str(path.relative_to(ROOT))
    for path in ROOT.glob('dl_core/**/*.py')
    if len(path.read_text(encoding='utf-8').splitlines()) > 250
  }
  assert long == set(LONG)
