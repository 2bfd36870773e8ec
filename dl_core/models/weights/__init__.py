"""Weights from and for other libraries: files, names, layouts.

One file a family says what torchvision, timm and transformers call its layers;
`stored` says in their tables how arrays are stored, `places` where each of ours is;
`layouts` converts between their array layouts and ours; `files` reads and writes;
`exchange` puts all this together. `--export=FILE` writes a trained model.
"""
