"""Data: sources (a name -> records), batches (a step -> a Batch), and kinds of example."""
