"""Networks as linen modules: one family a file, its members as values.

Here: hyper-parameters and forward passes. Not here: losses, data, flags.
"""
