"""JSONL again from archives, ours or anyone's."""
