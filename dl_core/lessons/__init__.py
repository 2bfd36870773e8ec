"""What the lectures claim, computed and drawn: one package for each subject.

Every picture bears out claims, which can fail; the studies in `experiments` put them
together.
"""
