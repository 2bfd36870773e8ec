"""Lecture 3: boundaries between classes."""
