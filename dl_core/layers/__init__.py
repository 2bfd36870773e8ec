"""Blocks that two or more families of models share.

Not here: whole networks (`models`), losses (`tasks`).
"""
