"""Full-text search over published lines: an SQLite FTS5 index of character bigrams."""
