"""Networks as linen modules: one file per family, its members as values.

Here: hyper-parameters and forward passes. Not here: losses, data, flags.
"""
