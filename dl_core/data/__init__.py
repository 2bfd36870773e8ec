"""Data: sources (a name -> records), batches (a step -> a Batch), kinds of example."""
