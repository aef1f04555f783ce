"""Is the fast code the same arithmetic as the slow one? docs/exactness.md says what equals what, and how closely."""
