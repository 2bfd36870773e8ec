"""Lecture 7: what a trained network sees, and how that is checked."""
