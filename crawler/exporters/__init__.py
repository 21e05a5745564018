"""What a run writes: JSONL lines and the run report."""
