"""Lecture 3: linear and polynomial regression."""
