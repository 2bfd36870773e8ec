"""Pages about runs: one run, several compared, results recorded.

Here: reading a workdir, verdicts, charts, tables, claims, drawing. Not here: pictures
of one kind of model (`interpret`) or lecture (`lessons`).
"""
