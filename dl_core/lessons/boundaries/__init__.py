"""Lectures 1 and 3: decision boundaries of the perceptron and of linear classifiers."""
