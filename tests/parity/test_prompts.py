"""log p of answers is what a loop over GPT-2 of Hugging Face finds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks, trees
from dl_core.models import gpt
from dl_core.models.weights import exchange, files
from dl_core.models.weights import gpt as names
from dl_core.tasks import likelihood
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
transformers = pytest.importorskip('transformers', reason=agree.REASON)

V, W = 23, 48


def test_log_p_is_that_of_a_loop_over_the_network_of_hugging_face(tmp_path):
  torch.manual_seed(0)
  sides = {'vocab_size': V, 'n_positions': W, 'n_embd': 16, 'n_layer': 2, 'n_head': 4}
  config = transformers.GPT2Config(**sides, bos_token_id=None, eos_token_id=None)
  module = transformers.GPT2LMHeadModel(config).eval()
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.2 * torch.randn_like(parameter))
  arrays = {
    name: one.detach().numpy()
    for name, one in module.state_dict().items()
    if name != 'lm_head.weight'
  }
  files.write(tmp_path / 'a.safetensors', arrays)
  model = gpt.GPT(V, gpt.Size(2, 16, 4, W, 0))
  empty = model.init(jax.random.key(0), jnp.zeros((1, 2), jnp.int32), train=False)
  taken = exchange.load(
    tmp_path / 'a.safetensors', names.names(model), trees.flatten(empty)
  )
  variables = trees.unflatten(empty, taken.leaves)
  draw = np.random.default_rng(0)
  lengths = [(1, 1), (5, 3), (30, 6), (47, 2), (70, 4)]
  pairs = [
    likelihood.Pair(*(draw.integers(V, size=n) for n in each)) for each in lengths
  ]
  outputs = tasks.language(model, W, 'window', axes=gpt.AXES).outputs
  found = likelihood.scored(outputs, variables, pairs, W)
  for each, value in zip(pairs, found, strict=True):
    text = torch.tensor(np.concatenate([each.context, each.continuation]))[-(W + 1) :]
    with torch.no_grad():
      logs = module(text[None, :-1]).logits[0].log_softmax(-1)
    count = len(each.continuation)
    expected = logs[-count:].gather(1, text[-count:, None]).sum()
    assert value == pytest.approx(float(expected), abs=1e-4)
