"""Normalisation steps: pure functions in one list."""
