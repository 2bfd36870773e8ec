"""Settings, recipes and reports that the experiments of one family share.

Not here: networks (`models`) and objectives (`tasks`).
"""
