"""Probes: experiments on a predictor that a table cannot show. Their results are no records and enter no table.

* ``coexistence``: does a segment keep its right label when what surrounds it is taken away or replaced?
* ``cooccurrence``: do classes occur together in predictions as they do in the ground truth? From kept evidence.
* ``vocabulary``: how much does a figure move when names, templates or the list of candidates change?
"""
