"""List pages and list APIs: a page in, links out. Pure."""
