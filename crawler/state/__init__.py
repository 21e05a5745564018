"""The ledger: what is durably archived."""
