"""The run: fixed batches, one inference pass a protocol family, a journal that survives a crash, and the record.

Floor 2. :mod:`.job` says what a run is, :mod:`.batches` how the images are grouped, :mod:`.journal` what is kept,
:mod:`.loop` does the pass and :mod:`.finish` writes the record.
"""
