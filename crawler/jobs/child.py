"""The process in which a worker's archive jobs are done, one after the other.

In: lines of JSON on stdin, one a job. Out: for each a line of JSON on stdout, with `done` or with
`error`. It ends with stdin, or with its worker. A page that kills it costs the job of its file one
of three tries, and no other.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crawler.jobs.archive_files import ArchiveFile, ArchiveJobError, ArchiveJobs
from crawler.process_pool import keep_heap
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.opening import place_of
from crawler.shared_storage.replication import ReadThere, Replication
from crawler.storage import StorageError, look_elsewhere


def main() -> None:
    """Do jobs until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_heap()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is none of them
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"done": _done(told)}
    except ArchiveJobError as error:
        return {"error": str(error), "is_final": True}
    except (StorageError, OSError) as error:
        return {"error": str(error), "is_final": False}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "is_final": False}


def _done(told: dict[str, Any]) -> Any:
    data_dir = Path(told["data_dir"])
    place = place_of(told["store"]) if told["store"] else FolderPlace(data_dir)
    jobs = ArchiveJobs(told["kind"], told["extractor"], told["max_bytes"], data_dir, place)
    files = [ArchiveFile(name, sha256) for name, sha256 in told["files"]]
    there = ReadThere(place)
    if told["store"]:
        look_elsewhere(data_dir, there)
    with TemporaryDirectory(prefix="job-") as folder:
        scratch = Path(folder)
        if told["store"]:
            Replication(data_dir, place).fetch(jobs.needed(files))
        if told["batch"]:
            return jobs.join(told["batch"], files, scratch)
        (file,) = files
        if not (data_dir / file.name).exists() and not jobs.is_done(file):
            there.held[file.name] = scratch / "held"
            place.get(file.name, there.held[file.name])
        return jobs.do(file, scratch)


if __name__ == "__main__":
    main()
