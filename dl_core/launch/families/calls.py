"""Updates in one call of the compiled program, {backend: number}, by family.

Measured with `python -m experiments.benchmark` (BUILD_NOTES.md has the figures): small
models spend their time between calls. A family without an entry takes one.
"""

LINEAR = {'cpu': 100}  # perceptron, linear classifiers and regression
SMALL = {'cpu': 10}  # MLPs, LeNet, recurrent networks
RESIDUAL = {'cpu': 5}  # residual networks on 32 x 32 pixels
PHOTOGRAPHS = {'cpu': 4}  # the winners of ImageNet's challenge
