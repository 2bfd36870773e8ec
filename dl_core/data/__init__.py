"""A data set's name -> records -> the batch of a step.

Here: sources, decoding, splits, augmentation, feeding. Not here: models, losses.
"""
