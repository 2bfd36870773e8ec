"""The same layers, formulated so that XLA's CPU backend runs them fast.

Not here: anything that an accelerator runs; each has its plain form in `layers`.
"""
