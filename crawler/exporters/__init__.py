"""What a run writes: JSONL lines, the run report and in it the manifest."""
