"""The machine: devices, meshes, processes, compilation, profiling, signals, costs.

Not here: anything that knows a model, a task or a workdir.
"""
