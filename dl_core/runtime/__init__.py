"""The machine: devices, meshes, processes, compilation, profiling, signals, FLOPs.

Not here: anything that knows a model, a task or a workdir.
"""
