"""Lecture 6: what a convolution computes, what it costs, what became of it."""
