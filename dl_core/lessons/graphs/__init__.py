"""Lecture 10: graphs, their convolutions, readouts and pooling."""
