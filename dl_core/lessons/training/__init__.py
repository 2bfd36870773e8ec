"""Lectures 1 and 5: optimizers, regularisation, batch norm, amounts of data."""
