"""Lectures 11 and 12: structure and densities learnt without labels."""
