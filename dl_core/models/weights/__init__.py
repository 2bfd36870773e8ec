"""Weights from and for other libraries: files, names, layouts.

One file a family says what torchvision, timm and transformers call its layers;
`layouts` converts between their array layouts and ours; `files` reads and writes;
`exchange` puts the three together. `--export=FILE` writes a trained model.
"""
