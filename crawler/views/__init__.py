"""What people read of an archive: made from published files and the ledger, changing nothing."""
