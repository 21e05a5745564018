"""Article layouts, list pages, fallback: pure functions of (bytes, url, headers)."""
