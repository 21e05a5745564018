"""The exit codes of all commands, as docs/operations.md tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

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

# Another run holds the data folder, or the region (EX_TEMPFAIL of sysexits.h).
LOCKED = 75

# When each command ends with which code, as the table in docs/operations.md says. Beside these each
# ends with DEGRADED when Ctrl-C stops it, and with STORAGE when its output can't be written.
OF_COMMANDS: Final[Mapping[str, Mapping[int, str]]] = {
    "crawl": {
        OK: "done; nothing new is also done, and so is a run outside CRAWL_HOURS",
        ERROR: "an unexpected error; what was done is published",
        USAGE: "bad argument, setting, folder or log; nothing was fetched",
        DEGRADED: "done, but alarms hold, or a signal stopped it",
        NO_LISTS: "lists were asked and none answered",
        STORAGE: "disk full, ledger lost or damaged",
        LOCKED: "another run holds the data folder or a region, or took the region over",
    },
    "status": {
        OK: "all is well",
        USAGE: "no archive",
        DEGRADED: "alarms hold, a job was given up or found damage, or the last run is older than "
        "STATUS_MAX_AGE; `--worker`: none is on here",
        STORAGE: "the ledger can't be read",
    },
    "verify": {
        OK: "all is sound",
        ERROR: "something isn't",
        USAGE: "no such path or run; no archive",
        STORAGE: "the ledger can't be read",
    },
    "history": {
        OK: "shown",
        ERROR: "no such article, or a line of it is missing",
        USAGE: "no id or address; no archive",
        STORAGE: "the ledger can't be read",
    },
    "explain": {
        OK: "said",
        ERROR: "nothing is known of the address",
        USAGE: "no address of the site; no archive",
        STORAGE: "the ledger can't be read",
    },
    "regions": {
        OK: "printed",
        USAGE: "a faulty region file, an unknown region",
        STORAGE: "the ledger can't be read; the registry is printed",
    },
    "coverage": {
        OK: "shown",
        USAGE: "no days; no archive",
        STORAGE: "the ledger can't be read",
        LOCKED: "certificates are to be written, and a run holds the folder",
    },
    "export": {
        OK: "written, also when no line matches",
        ERROR: "a published line is damaged",
        USAGE: "bad option, missing extra; no archive",
        STORAGE: "the file can't be written",
    },
    "reextract": {
        OK: "all was read",
        ERROR: "something is damaged; the rest is written",
        USAGE: "no such file; `--correct`: no archive",
        DEGRADED: "`--correct`: done, but lines couldn't be read again",
        STORAGE: "the lines can't be written",
        LOCKED: "`--correct`: another run holds the data folder",
    },
    "survey": {
        OK: "written; accepted",
        ERROR: "an unexpected error; `--accept`: the layout claims pages of another",
        USAGE: "bad argument or folder; `--accept`: no layout, or its name is taken",
        DEGRADED: "a signal stopped it; what was seen is written",
        NO_LISTS: "no list answered",
        STORAGE: "the disk fails; `--accept`: or the ledger",
        LOCKED: "`--accept`: a run holds the data folder",
    },
    "fixture": {
        OK: "done; nothing differs",
        ERROR: "not archived, nothing to keep, or something differs",
        USAGE: "bad argument; no archive",
        STORAGE: "the ledger can't be read",
    },
    "index": {
        OK: "brought up to date",
        ERROR: "a published line is damaged, or the index is another archive's",
        USAGE: "no archive, or INDEX can't be used",
        STORAGE: "its disk fails",
        LOCKED: "another process is making it",
    },
    "report": {
        OK: "written",
        USAGE: "bad option, missing extra; no archive",
        STORAGE: "the ledger can't be read",
    },
    "serve": {
        OK: "stopped",
        USAGE: "bad option, missing extra, a port in use; no archive",
        STORAGE: "the ledger can't be read",
    },
    "clusters": {
        OK: "shown, also when nothing is a copy",
        ERROR: "a published line is damaged, or the list is another archive's",
        USAGE: "no archive",
        STORAGE: "its disk fails",
        LOCKED: "another process is making it",
    },
    "wacz": {
        OK: "written",
        ERROR: "nothing is archived of it, or a file is damaged",
        USAGE: "bad option; no archive",
        STORAGE: "the file can't be written",
    },
    "repair": {
        OK: "mended; nothing to mend is also done",
        ERROR: "something can't be taken over",
        USAGE: "the folder can't be written; no archive; with `--ledger`, STORE is another"
        " cluster's",
        STORAGE: "the ledger or the disk fails",
        LOCKED: "a run holds the folder",
    },
    "ledger": {
        OK: "copied",
        USAGE: "bad argument; no archive",
        STORAGE: "a ledger or the disk fails",
        LOCKED: "a run holds the folder",
    },
    "work": {
        OK: "stopped; with `--drain` all is done",
        ERROR: "`--drain`: jobs were given up",
        USAGE: "bad option, missing extra, no ledger on a server; another clock or version",
        STORAGE: "the database can't be used",
    },
    "enqueue": {
        OK: "put, also when it waits already",
        USAGE: "bad argument, missing extra, no ledger on a server",
        STORAGE: "the database can't be used",
    },
}
