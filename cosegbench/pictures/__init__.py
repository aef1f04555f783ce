"""Pictures of data and predictions, drawn with Pillow: rows of label maps, and what a split's labels hold.

:mod:`.colours` says how a class looks, :mod:`.lettering` draws text, :mod:`.sheet` lays tiles out. :mod:`.saved` reads
saved predictions and chooses images, :mod:`.agreement` compares them pixel by pixel, :mod:`.show` draws both.
:mod:`.label_stats` counts labels, :mod:`.stats_words` and :mod:`.stats_picture` tell the counts.
"""
