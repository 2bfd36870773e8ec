"""Lecture 4: neurons, their activations and losses, backpropagation, batches."""
