"""Lectures 8 and 9: one function at every step, gradients through time, gates."""
