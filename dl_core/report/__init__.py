"""Reports: the page of a run, the page that compares runs, the recorded results.

Here: reading a workdir, verdicts, charts, tables, claims, drawing. Not here: pictures
of one kind of model (`interpret`) or of one lecture (`lessons`).
"""
