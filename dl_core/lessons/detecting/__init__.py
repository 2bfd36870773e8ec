"""Lecture 7: finding objects, and what it costs."""
