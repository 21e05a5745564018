"""Jobs: the same work on any number of machines, over a ledger on a PostgreSQL server."""
