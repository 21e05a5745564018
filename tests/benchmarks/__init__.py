"""Tests of benchmarks/: that they run and that their bounds can fail."""
