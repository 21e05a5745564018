"""First contact: what a region's site is like, layouts proposed for it, and their acceptance."""
