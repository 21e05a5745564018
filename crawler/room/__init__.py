"""The reading room: the archive in a browser, read-only, without scripts."""
