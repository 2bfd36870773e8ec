"""A chatbot that knows the calendar: a question in, an answer out. Lecture 9.

    python -m experiments.chat
    python -m experiments.chat --pair=question_ko-answer_ko        # the same in Korean
    python -m experiments.chat --workdir=runs/chat-... --prompt=-  # a dialogue

The model is that of `seq2seq`: it has read 30,000 questions with their answers, and
nothing tells it what a day is. Validation and test are on days of the year that it has
never seen as today. Each question says all that its answer needs; the model has no
memory of the one before. A batch has questions of all kinds: those of one length are of
one kind, and batches of a single kind teach more slowly, as do small embeddings.
"""

import dataclasses

from dl_core import launch
from dl_core.interpret import dialogues
from experiments import seq2seq

LINES = {
  f'Today is {today}. You work on Mondays and Fridays. {asked}': answer
  for today, asked, answer in (
    (
      'Tuesday, March 9',
      'Are you free tomorrow?',
      'Yes, I am free tomorrow, on Wednesday.',
    ),
    (
      'Tuesday, March 9',
      'Are you free the day after tomorrow?',
      'Yes, I am free the day after tomorrow, on Thursday.',
    ),
    (
      'Thursday, March 11',
      'Are you free tomorrow?',
      'No, I am not: I work on Fridays.',
    ),
    ('Tuesday, March 9', 'What day is the 15th?', 'It is a Monday.'),
    ('Tuesday, March 9', 'How many days are there until the 15th?', '6 days.'),
    (
      'Tuesday, March 9',
      'Are you free on the 15th?',
      'No, I am not: I work on Mondays.',
    ),
  )
}


@dataclasses.dataclass(frozen=True)
class Config(seq2seq.Config):
  dataset: str = 'dialogues'
  vocabulary: str = 'words'
  pieces: tuple[int, ...] = (256,)
  longest: tuple[int, ...] = (24, 14)
  widths: tuple[int, ...] = ()
  hidden: int = 160
  embedding: int = 64
  batch_size: int = 32
  steps: int = 14_000
  learning_rate: float = 4e-3
  eval_every: int = 1_000


TINY = Config(
  dataset='copies', steps=2, batch_size=8, hidden=8, embedding=8, longest=(12,),
  learning_rate=0.03,
)  # fmt: skip


def build(c: Config) -> launch.Experiment:
  experiment = seq2seq.build(c, pool=0, spread=1.0)
  english = c.dataset == 'dialogues' and c.pair in ('', 'question-answer')
  report = dialogues.report(
    experiment.task, LINES if english else {}, experiment.report
  )
  return experiment._replace(report=report, published=())


if __name__ == '__main__':
  launch.main(__name__)
