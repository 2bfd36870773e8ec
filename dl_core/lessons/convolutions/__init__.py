"""Lecture 6: convolutions, what they compute, what they cost, how networks use them."""
