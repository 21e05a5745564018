"""What was and wasn't collected: placements on lists, certificates of days."""
