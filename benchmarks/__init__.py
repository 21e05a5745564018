"""Benchmarks: `python -m benchmarks.<name>` prints a table; 1 says that a bound is missed."""
