"""Wire copy: articles that carry the same text, whoever published it."""
