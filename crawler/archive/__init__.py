"""Capture, WARC writing and reading, index, recovery, verification, replay."""
