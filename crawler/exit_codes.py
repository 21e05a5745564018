"""The exit codes of all commands, as docs/operations.md tells them."""

# Done; nothing new is also done.
OK = 0

# An unexpected error of a crawl. Of other commands: what was asked for isn't there, or isn't sound.
ERROR = 1

# Usage or configuration: an argument, a setting, a data folder or log that can't be written.
USAGE = 2

# A crawl that is done, but whose report has alarms; any command that a signal stopped.
DEGRADED = 3

# Lists were asked and none answered.
NO_LISTS = 4

# A disk, the ledger, or a file that can't be read or written; output that nobody takes.
STORAGE = 5

# Another run holds the data folder (EX_TEMPFAIL of sysexits.h).
LOCKED = 75
