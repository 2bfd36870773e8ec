"""Weights from and for other libraries: files, names, layouts.

One file a family says what torchvision, timm and transformers call its layers;
`layouts` says how an array lies there and here; `files` reads and writes; `exchange`
puts the three together. `python -m dl_core.weights` exports what a run has learnt.
"""
