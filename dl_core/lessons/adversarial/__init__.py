"""Lecture 13: what adversaries learn that likelihood does not."""
