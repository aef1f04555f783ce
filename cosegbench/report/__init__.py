"""One HTML page out of records, their evidence and the ledger; no model and no network.

:mod:`.sources` finds what lies behind each figure, :mod:`.pairs` compares systems, :mod:`.rules`, :mod:`.classes`,
:mod:`.images`, :mod:`.fingerprints` and :mod:`.machines` make the parts, :mod:`.answers` and :mod:`.printed` say what
they mean. :mod:`.contents` puts the report together as data and :mod:`.rendering` writes it as HTML.
"""
