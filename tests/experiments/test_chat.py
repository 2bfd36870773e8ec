"""The chatbot: what is said to it in the report follows from the rules of its data."""

import datetime

from dl_core.data.builders.dialogues import dialogues_dataset_builder as dialogues
from experiments import chat


def test_the_answers_of_the_report_follow_from_the_questions():
  english, known = dialogues.English(), {}
  for day, weekday in ((9, 1), (11, 3)):
    today = datetime.date(dialogues.YEAR, 3, day)
    for kind in dialogues.KINDS:
      ahead = {'tomorrow': 1, 'after': 2, 'week': 7}.get(kind, 6)
      scene = dialogues.Scene(today, weekday, (0, 4), kind, ahead)
      known[english.question(scene)] = english.answer(scene)
  assert chat.LINES.items() <= known.items()
  assert any(line.endswith('Are you free tomorrow?') for line in chat.LINES)
