"""Tests of crawler/state: the ledger."""
