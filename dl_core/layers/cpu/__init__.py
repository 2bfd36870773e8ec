"""The same layers, formulated so that XLA's CPU backend runs them fast.

Not here: anything that an accelerator runs. Each layer's plain form is in `layers`,
which also chooses between the two.
"""
