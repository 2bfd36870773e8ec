"""Shows what the gates of a trained LSTM do while it reads a text.

The gates follow from what a layer says: with h known at all steps, the pre-activations
of i, f, g and o are one product. How many gates are nearly open or shut, "saturated",
is what Karpathy, Johnson & Fei-Fei, "Visualizing and understanding recurrent networks",
2015 (https://arxiv.org/abs/1506.02078), section 4.2, count.

Shapes: B texts, T tokens, H hidden units, L layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.layers import recurrent
from dl_core.report import draw
from dl_core.types import Array, Claim, Data, Picture, Variables

SHUT, OPEN = 0.1, 0.9
READ, SHOWN = 512, 60  # tokens of each text that are read, and that are drawn
UNITS = 40  # units that are drawn


class Gates(NamedTuple):
  """The gates of a layer at all steps, [B, T, H] each."""

  i: Any
  f: Any
  g: Any
  o: Any


def gates(params: Mapping[str, Array], x: Array, h: Array) -> Gates:
  """Returns the gates of an LSTM that starts from zero.

  Args:
    params: of a `recurrent.LSTM`.
    x: [B, T, D], or tokens [B, T], that it reads.
    h: [B, T, H], what it says.
  """
  kernel = params['input_kernel']
  read = kernel[x] if x.ndim == 2 else x @ kernel
  before = jnp.pad(h, ((0, 0), (1, 0), (0, 0)))[:, :-1]
  a = read + before @ params['recurrent_kernel'] + params['bias'][None, None]
  i, f, g, o = jnp.split(a, 4, axis=-1)
  return Gates(jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o))


def opened(model: Any, variables: Variables, tokens: Array) -> list[Gates]:
  """Returns the gates of each of the L layers of a `char_lm.CharLM` that reads tokens.

  Args:
    model: of LSTMs.
    variables: the model's.
    tokens: [B, T].
  """
  keep = lambda module, _: isinstance(module, recurrent.LSTM)
  _, seen = model.apply(variables, tokens, train=False, capture_intermediates=keep)
  x, found = tokens, []
  for layer in range(model.layers):
    name = f'recurrent_{layer}'
    ((_, h),) = seen['intermediates'][name]['__call__']
    found.append(gates(variables['params'][name], x, h))
    x = h
  return found


def report(model: Any) -> interpret.Report:
  """Shows the gates of a model of stacked LSTMs over the test split.

  Args:
    model: a `char_lm.CharLM`.
  """
  run = jax.jit(lambda variables, tokens: opened(model, variables, tokens))

  def pictures(variables, observed, data, key):
    del observed, key
    (split,) = data.splits['test']()
    tokens = np.asarray(split.x)[:, :READ]
    layers = jax.device_get(run(variables, tokens))
    return [saturation(layers), over_text(layers[-1], spelt(tokens[0], data))]

  return pictures


def spelt(tokens: np.ndarray, data: Data) -> list[str]:
  """Returns the text of each of the first tokens."""
  assert data.write, 'the tokens of the data have no text'
  return [data.write([token]) for token in tokens[:SHOWN]]


def saturation(layers: Sequence[Gates]) -> Picture:
  """Draws the distribution of all gates, and how often each unit's are open or shut."""
  shares = {
    gate: [
      float(np.mean((values < SHUT) | (values > OPEN)))
      for values in (getattr(layer, gate) for layer in layers)
    ]
    for gate in 'ifo'
  }
  forget = np.stack([layer.f for layer in layers])
  hidden = np.stack([layer.o for layer in layers])
  remembered, dropped = np.mean(forget > OPEN), np.mean(forget < SHUT)
  concealed, passed = np.mean(hidden < SHUT), np.mean(hidden > OPEN)
  largest = max(float(np.abs(layer.g).max()) for layer in layers)

  def show():
    titles = ('gates', 'candidate g', 'units')
    figure, (left, middle, right) = draw.panels(8.5, 2.9, 3, titles=titles)
    look: Any = {'bins': 40, 'density': True, 'histtype': 'step'}
    for gate, colour in zip('ifo', draw.COLOURS, strict=False):
      values = np.stack([getattr(layer, gate) for layer in layers])
      left.hist(values.ravel(), range=(0, 1), color=colour, label=gate, **look)
      open_, shut = (
        100 * np.mean(part, axis=(1, 2)).ravel()
        for part in (values > OPEN, values < SHUT)
      )
      right.plot(open_, shut, '.', color=colour, ms=3)
    values = np.stack([layer.g for layer in layers])
    middle.hist(values.ravel(), range=(-1, 1), color=draw.GREY, **look)
    for axes in (left, middle):
      axes.set(xlabel='value', ylabel='density')
    right.set(xlabel=f'above {OPEN}, % of steps', ylabel=f'below {SHUT}, % of steps')
    draw.legend(left)
    return figure

  each = '; '.join(
    f'{gate} {", ".join(f"{share:.0%}" for share in of)}' for gate, of in shares.items()
  )
  return Picture(
    'Gates while it reads',
    f'All gates of all layers over {forget[0].shape[0]} texts of {forget.shape[2]} '
    'tokens. Right: one dot for each gate of each unit. Below '
    f'{SHUT} or above {OPEN} by layer, the lowest first: {each}.',
    show,
    (
      Claim(
        f'Forget gates keep more than they drop: more are above {OPEN} than below '
        f'{SHUT}',
        bool(remembered > dropped),
        f'{remembered:.0%} above, {dropped:.0%} below',
      ),
      Claim(
        'The output gates decide what the next step sees: some hide their cell, others '
        'pass it (each at least 5 %), of a candidate g within ±1',
        bool(min(concealed, passed) >= 0.05 and largest <= 1),
        f'o below {SHUT} {concealed:.0%}, above {OPEN} {passed:.0%}; |g| {largest:.3f} '
        'at most',
      ),
    ),
  )


def over_text(layer: Gates, text: Sequence[str]) -> Picture:
  """Draws the forget gates of the units that change most, over a text."""
  values = np.asarray(layer.f)[0, : len(text)].T  # [H, T]
  units = np.argsort(-values.std(axis=1), kind='stable')[:UNITS]

  def show():
    figure, axes = draw.panel(9, 3.4, xlabel='token that is read', ylabel='unit')
    axes.imshow(values[units], aspect='auto', cmap='viridis', vmin=0, vmax=1)
    shown = [repr(one)[1:-1] if one.isspace() and one != ' ' else one for one in text]
    axes.set_xticks(range(len(text)), shown, fontsize=6, parse_math=False)
    return figure

  return Picture(
    'Forget gates over a text',
    f'The {len(units)} units of the highest layer whose forget gates change most: dark '
    'where the cell is dropped, bright where it is kept.',
    show,
  )
