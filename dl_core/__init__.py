"""Models, tasks, training and reports: everything that experiments are made of.

Packages import only what stands to their right in this order, and no package imports
`experiments`:

bench, course -> launch -> lessons -> interpret -> report -> train -> tasks
-> models, data -> layers, runtime -> types, config, metrics, trees
"""
