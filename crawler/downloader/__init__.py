"""What fetches: capture and its taps, scheduler, holds, robots, back-off, resolver, replay."""
