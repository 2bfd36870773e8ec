"""Lecture 2: linear algebra, probability and information."""
