"""The ledger: what is durably archived. `ledger.py` opens it."""
