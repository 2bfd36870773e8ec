"""The whole course as one page: its texts, its evidence, its making.

Here: language files, recorded and present results by lecture, pictures out of reports,
missing runs made one after another. Not here: the report of one run (`report`), or a
claim (`lessons`).
"""
