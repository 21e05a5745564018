"""What a run writes and publishes: lines, parts, the report; outcomes and checkpoints."""
