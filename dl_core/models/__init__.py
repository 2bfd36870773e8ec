"""Models: linen modules, one family a file, that know no task, data or flag."""
