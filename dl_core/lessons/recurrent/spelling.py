"""Whether a network of three units spells "hello", and whether it needs a memory.

After "l" comes "l" the first time and "o" the second: what the last letter was does
not tell, so without W_hh at most three letters of four are right, and the loss is at
least (2 log 2) / 4 nats a letter.

Shapes: N networks, T letters read, V letters, H hidden units.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core import interpret, trees
from dl_core.models import elman
from dl_core.report import draw
from dl_core.types import Batch, Claim, Picture, Task

NETWORKS, ENOUGH = 100, 0.9
BEST = 2 * np.log(2) / 4  # nats a letter, of "hello" without memory


class Learned(NamedTuple):
  """What N networks have learned: losses [N] in nats a letter, letters [N, T]."""

  losses: np.ndarray
  letters: np.ndarray


def report(task: Task, optimizer: Any, steps: int) -> interpret.Report:
  """Shows what a network says after each letter, and what a hundred others learn.

  Args:
    task: of `elman.Elman`.
    optimizer: of its training.
    steps: of its training.
  """

  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed, key
    batch = next(iter(data.splits['test']()))
    word = Batch(*(jnp.asarray(leaf[:1]) for leaf in batch))
    p = jax.nn.softmax(outputs(variables, word.x))[0]
    arrays = trees.flatten(variables['params'])
    found = {
      memory: learn(task, optimizer, word, steps, NETWORKS, memory)
      for memory in (True, False)
    }
    sizes = {name: leaf.size for name, leaf in arrays.items()}
    biases = sum(size for name, size in sizes.items() if 'bias' in name)
    counts = sum(sizes.values()) - biases, biases
    (hidden,) = (len(leaf) for name, leaf in arrays.items() if elman.PAST in name)
    return [
      spelled(np.asarray(p), word, data.spec.classes, hidden, counts),
      remembered(found[True], found[False], np.asarray(word.y[0])),
      shapes(),
    ]

  return pictures


def learn(
  task: Task, optimizer: Any, word: Batch, steps: int, networks: int, memory: bool
) -> Learned:
  """Trains N networks from seeds of their own; without a memory W_hh stays 0."""
  outputs: Any = task.outputs

  def cut(tree):
    zero = lambda path, leaf: leaf * (memory or elman.PAST not in str(path))
    return jax.tree_util.tree_map_with_path(zero, tree)

  def train(key):
    params = cut(task.init(key, word)['params'])
    (loss,) = task.losses

    def step(carry, _):
      params, state = carry
      gradient = jax.grad(lambda p: loss(p, {}, word, key)[0])(params)
      change, state = optimizer.update(cut(gradient), state, params)
      return (optax.apply_updates(params, cut(change)), state), None

    carry = params, optimizer.init(params)
    (params, _), _ = jax.lax.scan(step, carry, None, length=steps)
    letters = jnp.argmax(outputs({'params': params}, word.x), axis=-1)[0]
    return loss(params, {}, word, key)[0], letters

  keys = jax.random.split(jax.random.key(0), networks)
  return Learned(*jax.device_get(jax.jit(jax.vmap(train))(keys)))


def spelled(
  p: np.ndarray,
  word: Batch,
  letters: Sequence[str],
  hidden: int,
  counts: tuple[int, int],
) -> Picture:
  """Draws the probabilities of the next letter after each.

  Args:
    p: [T, V].
    word: x and y [1, T].
    letters: the V letters, in the order of their tokens.
    hidden: H.
    counts: numbers of weights and of biases that the network has.
  """
  weights, biases = (
    hidden * (len(letters) + hidden + len(letters)),
    hidden + len(letters),
  )
  read, wanted = np.asarray(word.x[0]), np.asarray(word.y[0])
  said = p.argmax(axis=1)
  text = lambda numbers: ' '.join(letters[number] for number in numbers)

  def show():
    titles = [f'reads {letters[number]}' for number in read]
    figure, panels = draw.panels(7, 2.4, len(p), titles=titles, sharey=True)
    for axes, values, want in zip(panels, p, wanted, strict=True):
      colours = [draw.ORANGE if n == want else draw.BLUE for n in range(len(values))]
      axes.bar(range(len(values)), values, color=colours)
      axes.set_xticks(range(len(values)), letters)
    panels[0].set(ylabel='probability of the next', ylim=(0, 1))
    return figure

  return Picture(
    'It spells',
    'The probability of each next letter after each letter that is read, one-hot; '
    'orange: the right one.',
    show,
    (
      Claim(
        f'It reads {text(read)} and says {text(wanted)}',
        bool(np.all(said == wanted)),
        f'{text(said)}; the least probability of a right letter is '
        f'{p[np.arange(len(p)), wanted].min():.3f}',
      ),
      Claim(
        f'{len(letters)} letters and {hidden} units take {weights} weights, and '
        f'{biases} biases if there are any',
        counts[0] == weights and counts[1] in (0, biases),
        f'{counts[0]} weights, {counts[1]} biases',
      ),
    ),
  )


def remembered(with_it: Learned, without: Learned, wanted: np.ndarray) -> Picture:
  """Draws how many letters of T are right, with W_hh and without."""
  right = [np.sum(each.letters == wanted, axis=1) for each in (with_it, without)]
  solved = [np.mean(number == len(wanted)) for number in right]
  many = len(right[0])

  def show():
    figure, axes = draw.panel(
      6, 2.8, xlabel='letters that are right', ylabel='networks'
    )
    counts = [np.bincount(number, minlength=len(wanted) + 1) for number in right]
    names = [str(number) for number in range(len(wanted) + 1)]
    draw.bars(axes, {'with W_hh': counts[0], 'W_hh = 0': counts[1]}, names)
    draw.legend(axes)
    return figure

  return Picture(
    'It needs a memory',
    f'{many} networks from different initial weights. After "l" comes "l" the first '
    'time and "o" the second, which only the past can tell apart.',
    show,
    (
      Claim(
        f'At least {ENOUGH:.0%} of the networks learn all letters',
        solved[0] >= ENOUGH,
        f'{solved[0]:.0%} of {many}',
      ),
      Claim(
        'Without W_hh none does, and the loss is at least (2 log 2)/4 nats a letter',
        solved[1] == 0 and without.losses.min() >= BEST - 1e-6,
        f'{right[1].max()} letters of {len(wanted)} at most, least loss '
        f'{without.losses.min():.4f} nats; (2 log 2)/4 = {BEST:.4f}',
      ),
    ),
  )


SHAPES: dict[str, tuple[Callable[[int], bool], Callable[[int], bool]]] = {
  # (step) -> whether something is read, and said
  'one to one': (lambda t: t == 0, lambda t: t == 0),
  'one to many': (lambda t: t == 0, lambda t: True),
  'many to one': (lambda t: True, lambda t: t == 3),
  'many to many, after the end': (lambda t: t < 2, lambda t: t > 1),
  'many to many, at once': (lambda t: True, lambda t: True),
}


def shapes() -> Picture:
  """Draws at which steps each kind of problem reads and answers."""

  def show():
    figure, panels = draw.panels(
      8, 2.2, len(SHAPES), titles=[name.replace(', ', ',\n') for name in SHAPES]
    )
    for axes, (name, (reads, says)) in zip(panels, SHAPES.items(), strict=True):
      steps = range(1 if name == 'one to one' else 4)
      for t in steps:
        axes.plot(t, 1, 's', color=draw.GREEN, ms=11)
        for there, y, colour in ((reads(t), 0, draw.BLUE), (says(t), 2, draw.ORANGE)):
          if there:
            axes.plot(t, y, 's', color=colour, ms=11)
            axes.plot([t, t], sorted((y, 1)), color=draw.GREY, lw=1, zorder=0)
        if t:
          axes.plot([t - 1, t], [1, 1], color=draw.GREY, lw=1, zorder=0)
      axes.set(xlim=(-0.6, 3.6), ylim=(-0.5, 2.5), xticks=[])
      axes.set_yticks(range(3), ('x', 'h', 'y') if axes is panels[0] else ('', '', ''))
    return figure

  return Picture(
    'Shapes of problems',
    'At which steps an input x is read and an output y is wanted; h is carried on. A '
    'classifier of images is one to one, captions are one to many, the sentiment of a '
    'sentence is many to one, translation answers after the end, and spelling, like '
    'the label of every frame of a film, at once.',
    show,
  )
