"""Benchmarks of train steps, beside PyTorch's (`peers`).

Not here: the command (`experiments.benchmark`) and measured figures (BUILD_NOTES.md).
"""
