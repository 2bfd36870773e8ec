"""The claims of one lecture, measured in every run and drawn.

Here: one package a subject, one file a claim's picture. Not here: pictures of any
trained model (`interpret`), checks of NumPy or JAX (tests).
"""
