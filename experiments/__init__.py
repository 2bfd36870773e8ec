"""Experiments: one module each. `python -m experiments` lists them."""
