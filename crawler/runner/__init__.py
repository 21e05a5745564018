"""A run from opening to closing."""
