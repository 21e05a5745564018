"""The machinery that reads one page: document, encoding, blocks, header, further pages. Pure."""
