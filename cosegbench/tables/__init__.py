"""Tables from the ledger of published figures and from records; no model and no label map is ever opened here."""
