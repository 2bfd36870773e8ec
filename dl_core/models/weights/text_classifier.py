"""Names of BERT and GPT with the head of a classifier in files of Hugging Face.

Files of the pretrained models fill all but the head, and files without a head do, too.
BertForSequenceClassification has the same head; that of GPT2ForSequenceClassification
has no bias, and no marks.
"""

from dl_core.models import bert, text_classifier
from dl_core.models.weights import bert as bert_names
from dl_core.models.weights import gpt as gpt_names
from dl_core.models.weights import stored
from dl_core.types import Names


def names(
  model: text_classifier.BERTClassifier | text_classifier.GPTClassifier,
) -> Names:
  """Returns the table of a model; a BERT's norms stand after each addition."""
  if isinstance(model.body, bert.Encoder):
    found = bert_names.names(model.body)
    own: dict[str, stored.Row] = {'output': 'classifier'}
  else:
    found = gpt_names.names(model.body)
    own = {'new': 'marks', 'output': 'score'}
  table = {
    layer: row
    for layer, row in found.tables['transformers'].items()
    if layer not in found.heads
  }
  return found._replace(
    tables={'transformers': table | own}, heads=('output',), tied={}
  )
