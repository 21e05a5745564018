"""Published lines in the formats of other tools. Reads published files only, changes nothing."""
