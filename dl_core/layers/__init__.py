"""Blocks that two or more families of models share."""
