"""Watch a run, change nothing."""
