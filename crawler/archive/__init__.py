"""A WARC library: HTTP and records as bytes, writing and reading, index, recovery, pages."""
