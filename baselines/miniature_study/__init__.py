"""The study of the miniature: tables and sentences from records and evidence alone; no model is opened here."""
