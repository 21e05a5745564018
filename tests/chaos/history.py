"""A history of kills: crawls of a changing site, most of them killed, held against its truth.

Each kill strikes a process of its own, at a named step or at a random moment; the site moves on
between them. The last runs end by themselves, and then everything has to be there.
"""

from __future__ import annotations

import signal
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.ledger.ledger import Ledger
from tests import scrapy_process
from tests.chaos.soundness import content_of, faults_of, lines_of
from tests.processes import defects
from tests.scrapy_process import KILLER, are_forked
from tests.server_ledger import ledger_env

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from random import Random

    from tests.site import Site

# The steps between which a run's state moves from memory to disk.
STEPS = (
    "crawler.archive.writer:WarcWriter.write",
    "crawler.archive.writer:WarcWriter.sync",
    "crawler.archive.writer:WarcWriter.take",
    "crawler.exporters.jsonl:JsonlWriter.write",
    "crawler.exporters.jsonl:JsonlWriter.sync",
    "crawler.exporters.jsonl:JsonlWriter.take",
    "crawler.ledger.connection:LedgerConnection.commit",
    "crawler.storage:publish",
    "crawler.storage:write_atomically",
    "crawler.archive.cdxj:write_index",
    "crawler.exporters.report:write_report",
    "crawler.exporters.run_parts:begin_manifest",
    "crawler.exporters.run_parts:index_and_measure",
    "crawler.exporters.run_parts:write_manifest",
    "crawler.exporters.run_parts:take_seq",
    "crawler.runner.recovery:end_run",
    "crawler.runner.recovery:recover",
    "crawler.ledger.runs:Runs.start",
    "crawler.ledger.runs:Runs.finish",
    "crawler.ledger.lists:Lists.add_answer",
    "crawler.ledger.lists:Lists.finish_walk",
    "crawler.ledger.addresses:Addresses.see",
    "crawler.ledger.addresses:Addresses.finish_all",
    "crawler.ledger.articles:Articles.add_lines",
)

COMMAND = (
    "crawl", "xinhua", "-a", "regions=js", "-a", "recheck=all",
    "-s", "DOWNLOAD_DELAY=0", "-s", "CHECKPOINT_SECONDS=0.1", "-s", "GONE_CONFIRM_AFTER=0",
    "-s", "WARC_MAX_BYTES=20000", "-s", "LOG_LEVEL=WARNING", "-s", "PART_SECONDS=0.01",
)  # fmt: skip

# Steps that a run takes many times: the kill falls on one of the first twelve.
OFTEN = frozenset({
    "write", "see", "finish_all", "add_lines", "add_answer", "commit", "sync", "publish", "take",
    "take_seq", "begin_manifest", "index_and_measure", "write_manifest",
})  # fmt: skip


@dataclass
class History:
    """`kills` counts the processes that were killed, by where; `log` is what each run was told;
    `unsound` is what `scrapy verify` found wrong right after a kill."""

    site: Site
    data_dir: Path
    env: Mapping[str, str]
    rng: Random
    kills: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)

    def kill_at(self, step: str, when: str, n: int) -> bool:
        """Run until the n-th time a step is taken; False when it is never taken so often."""
        target = f"{step}:{when}:{n}"
        done = self._run({"XINHUA_KILL": target})
        return self._note(target, done.returncode)

    def kill_after(self, seconds: float, number: signal.Signals = signal.SIGKILL) -> bool:
        """Run for so long, then send the signal."""
        process = scrapy_process.start(*COMMAND, **self._options({}))
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            process.communicate(timeout=300)
        return self._note(f"after {seconds:.2f} s", process.returncode)

    def kill_once(self) -> bool:
        """One kill somewhere: three in four at a step, the others at a random moment."""
        rng = self.rng
        if rng.random() < 0.25:
            # one that has still to read its modules takes longer
            return self.kill_after(rng.uniform(*((0.1, 1) if are_forked() else (0.5, 3))))
        step = rng.choice((*STEPS, "os:write"))
        when = "middle" if step == "os:write" else rng.choice(("before", "after"))
        is_often = step.rpartition(".")[2].rpartition(":")[2] in OFTEN
        return self.kill_at(step, when, rng.randint(1, 12 if is_often else 2))

    def survive(self, kills: int) -> None:
        """Be killed so many times while the site moves on, then run to the end."""
        while len(self.kills) < kills:
            self.kill_once()
            self.site.day += self.rng.uniform(0, 1.5)
        for _ in range(2):  # a withdrawal takes two looks
            self.finish()

    def finish(self) -> None:
        """One run to its end."""
        done = self._run({})
        if done.returncode:
            message = f"a run without a kill ended with {done.returncode}:\n{done.stdout}"
            raise AssertionError(message)

    def wrongs(self) -> list[str]:
        """What is wrong now, from the files' side and from the site's."""
        return [*self.unsound, *faults_of(self.data_dir), *untrue(self.site, self.data_dir)]

    def _note(self, target: str, returncode: int) -> bool:
        is_killed = returncode == -signal.SIGKILL
        self.log.append(f"{target}: {returncode}")
        if is_killed:
            self.kills.append(target)
            found = defects(self.data_dir) if self.data_dir.is_dir() else []
            self.unsound += [f"{target}: right after it {finding}" for finding in found]
        elif returncode not in {0, 3, -signal.SIGTERM}:  # the last before it is heeded
            message = f"{target}: ended with {returncode}"
            raise AssertionError(message)
        return is_killed

    def _run(self, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        with scrapy_process.start(*COMMAND, **self._options(env)) as process:
            said, _ = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def _options(self, env: Mapping[str, str]) -> dict[str, Any]:
        paths = {"PYTHONPATH": str(KILLER), "XINHUA_DATA_DIR": str(self.data_dir)}
        base = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
        base |= scrapy_process.like_ours() or {}
        return {
            "env": {**base, **ledger_env(self.data_dir), **self.env, **paths, **env},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }


def untrue(site: Site, data_dir: Path) -> Iterator[str]:
    """Where the published records differ from what the site knows of its listed articles."""
    records: dict[str, list[dict[str, Any]]] = {}
    for line in lines_of(data_dir):
        records.setdefault(line["id"], []).append(line)
    truth = {one["id"]: one for one in site.truth()["articles"]}
    yield from (f"{identity} is no article" for identity in records.keys() - truth.keys())
    for identity, article in truth.items():
        lines = records.get(identity, [])
        if article["hidden"]:
            if lines:
                yield f"{identity} is hidden by robots.txt, and published"
        elif not lines:
            is_there = article["state"] == "live" and article["listed_on"]
            if is_there and not _is_owed(site, data_dir, article["id"]):
                yield f"{identity} ({article['url']}) is lost"
        else:
            yield from _wrong_history(article, lines)


def _is_owed(site: Site, data_dir: Path, article_id: str) -> bool:
    """Whether the page was away when it was asked for, and the ledger owes it another look: the
    site's days pass in seconds here, the hour until then doesn't."""
    with closing(Ledger.of(data_dir, read_only=True)) as ledger:
        known = [ledger.addresses.get(url) for url in ledger.addresses.of_article(article_id)]
    waiting = {one.url.partition("://")[2] for one in known if one and one.retry_at}
    was_away = {f"{one.host}{one.path}" for one in site.log if one.status in {404, 410}}
    return not waiting.isdisjoint(was_away)


def _wrong_history(article: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
    """Versions count up from 1, each is one of the site's, in order; the last is today's state."""
    identity = article["id"]
    contents = [line for line in lines if line["status"] != "gone"]
    told = [content_of(one["expected"]) for one in article["versions"]]
    number, at = 0, -1
    for line in contents:
        is_new = line["status"] == "live" or bool(line["changed"])
        number += is_new
        if line["version"] != number:
            yield f"{identity}: version {line['version']} where {number} belongs"
        content = content_of(line)
        found = next((n for n in range(at + is_new, len(told)) if told[n] == content), None)
        if found is None:
            yield f"{identity}: version {line['version']} was never on the site, or twice here"
        else:
            at = found
    last = lines[-1]
    if (last["status"] == "gone") != (article["state"] == "gone"):
        yield f"{identity} is {article['state']}, our last word is {last['status']}"
    elif article["state"] == "live" and told and at != len(told) - 1:
        yield f"{identity}: its last version is missing"
