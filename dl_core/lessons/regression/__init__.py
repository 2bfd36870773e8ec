"""Lecture 3: lines and polynomials through points."""
