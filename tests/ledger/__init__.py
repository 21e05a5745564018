"""Tests of crawler/ledger: the ledger."""
