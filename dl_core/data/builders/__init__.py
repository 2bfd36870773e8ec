"""TFDS builders of the sets that we make, one package per name.

They give encoded bytes, so they need no TensorFlow, and write the examples in the order
of the original files. `skip_registration=True` keeps them out of TFDS's registry, where
stock builders have the same names; their versions are others, since their order is.
"""
