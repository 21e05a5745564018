"""Downloader middlewares: robots, back-off, conditional requests."""
