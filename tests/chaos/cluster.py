"""`make chaos-cluster EVENTS=200`: workers on one PostgreSQL server and one S3 server, each in a
network namespace of its own, that are killed, frozen, cut off, with clocks apart, while the
database restarts and goes and the storage refuses.

What came of it is held against the site's truth and its log: nothing lost, nothing twice, no host
asked too fast, no two writers of a region at a time, all that is published in the storage. Exit
code 1 when anything is wrong. Needs root, or a kernel that lets users make namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg

from crawler.data_dir import reports_of
from tests.chaos.history import untrue
from tests.chaos.soundness import faults_of
from tests.conftest import PROJECT
from tests.postgres import Postgres
from tests.s3 import CuttingWay, S3Server
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.site.server import Entry

REGIONS = ("js", "he", "gz")
NODES = 3
DELAY = 0.2
LEASE = 6
EVENTS = ("kill", "freeze", "cut", "restart", "refuse", "gone")
# Those that are of a worker, not of a server.
OF_NODES = frozenset({"kill", "freeze", "cut"})
# Seconds for which the storage refuses.
REFUSED = 10.0

# So long may a region be without a crawl after its holder is gone: the lease, the queue's round.
TAKEOVER = 90.0

# What the ways into and out of a namespace may add to a request on a busy machine.
_JITTER = DELAY / 2

_LINK = Path(__file__).with_name("link.py")
_SETTINGS = {
    "DOWNLOAD_DELAY": DELAY, "DOWNLOAD_DELAY_JITTER": 0, "CHECKPOINT_SECONDS": 0.5,
    "LEASE_SECONDS": LEASE, "GONE_CONFIRM_AFTER": 0, "PART_SECONDS": 1, "LOG_LEVEL": "WARNING",
    "CRAWL_EVERY": 0.05,
}  # fmt: skip


class Namespace:
    """A network namespace that has these ports of ours, and nothing else."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        folder.mkdir()
        words = [str(folder), *map(str, ports)]
        self._outside = subprocess.Popen([sys.executable, str(_LINK), "outside", *words])
        apart = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        script = 'ip link set lo up && exec "$0" "$@"'
        self._inside = subprocess.Popen(
            [*apart, "sh", "-c", script, sys.executable, str(_LINK), "inside", *words]
        )
        time.sleep(1)

    def within(self, *words: str) -> list[str]:
        """The command that runs another one in here."""
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self._inside.pid), *user, "-n", *words]

    def cut(self, *, off: bool) -> None:
        """Let nothing through any more, not even the end of a connection; or let it again."""
        subprocess.run(self.within("ip", "link", "set", "lo", "down" if off else "up"), check=True)

    def close(self) -> None:
        for process in (self._inside, self._outside):
            process.kill()
            process.wait()


@dataclass
class Node:
    """One worker in its namespace; `clock` is how far its clock is ahead."""

    name: str
    namespace: Namespace
    env: dict[str, str]
    clock: float
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = _SETTINGS | {"CONTACT": f"{self.name}@example.org"}
        options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
        work = ["work", "--crawls", "2", "-j", "0", "--regions", ",".join(REGIONS)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.namespace.within(sys.executable, "-m", "scrapy", *work, *options),
                cwd=PROJECT,
                env={**self.env, "CLOCK_SHIFT": str(self.clock)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def tree(self) -> list[int]:
        """The worker and the crawls it has started."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with suppress(OSError):
            return [self.process.pid, *map(int, children.read_text().split())]
        return [self.process.pid]

    def signal(self, number: signal.Signals) -> None:
        for pid in self.tree():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """End in order."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(90)
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()


@dataclass
class Chaos:
    """`told` holds a row for each event; `wrong` a sentence for each thing that is."""

    seed: int
    folder: Path
    # Seconds by which the clocks of the nodes differ.
    apart: float = 45.0
    told: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def play(self, events: Sequence[str], gone: float) -> None:
        """Live through the events, then look at what there is."""
        server, storage = Postgres(durable=True), S3Server()
        try:
            with (
                Site(seed=1 + self.seed, regions=REGIONS, articles=12, daily=6) as site,
                CuttingWay(storage.port) as way,
            ):
                bucket = storage.bucket()
                env = {
                    **site.environment, **storage.environment(way.port), "no_proxy": "127.0.0.1",
                    "XINHUA_STORE": f"s3://{bucket}/archive",
                }  # fmt: skip
                self._play(events, gone, server, site, way, env)
                self.wrong += not_shared(self.folder / "data", storage, bucket)
        finally:
            storage.close()
            server.close()

    def _play(
        self,
        events: Sequence[str],
        gone: float,
        server: Postgres,
        site: Site,
        way: CuttingWay,
        env: dict[str, str],
    ) -> None:
        rng, data_dir = Random(self.seed), self.folder / "data"
        url = server.url_of(server.create())
        env = {
            **os.environ, **env, "XINHUA_DATA_DIR": str(data_dir),
            "XINHUA_LEDGER": url, "PYTHONPATH": str(PROJECT / "tests" / "clock"),
        }  # fmt: skip
        port = int(site.proxy_url.rpartition(":")[2].strip("/"))
        nodes = [
            Node(f"node{n}", Namespace(self.folder / f"net{n}", [server.port, way.port, port]), env,
                 self.apart * (n - 1), self.folder / f"node{n}.log")
            for n in range(NODES)
        ]  # fmt: skip
        try:
            for node in nodes:
                node.start()
                time.sleep(1)
            for event in events:
                time.sleep(rng.uniform(2, 6))
                site.day += rng.uniform(0, 0.4)
                asked = len(site.log)
                self._strike(event, self._busy(nodes, url, rng), server, way, url, gone)
                self.told[-1] |= {"too_fast": len(too_fast(site.log, since=asked))}
                self._tell()
            for node in nodes:
                node.stop()
        finally:
            for node in nodes:
                if node.process and node.process.poll() is None:
                    node.signal(signal.SIGKILL)
                    node.process.wait()
                node.namespace.close()
        # what a node whose clock is ahead was owed last is owed by then
        time.sleep(self.apart * (NODES - 2))
        for _ in range(2):
            self._finish(env)
        self.wrong += faults_of(data_dir)
        self.wrong += untrue(site, data_dir)
        self.wrong += too_fast(site.log)
        self.wrong += beside_each_other(site.log)

    def _strike(
        self, event: str, node: Node, server: Postgres, way: CuttingWay, url: str, gone: float
    ) -> None:
        held = self._held_by(url, node) if event in OF_NODES else {}
        began = time.monotonic()
        if event == "kill":
            node.signal(signal.SIGKILL)
            assert node.process
            node.process.wait()
        elif event == "freeze":
            node.signal(signal.SIGSTOP)
        elif event == "cut":
            node.namespace.cut(off=True)
        elif event == "refuse":
            way.refuse(on=True)
            time.sleep(REFUSED)
            way.refuse(on=False)
        else:
            server.stop(signal.SIGINT if event == "restart" else signal.SIGQUIT)
            time.sleep(gone if event == "gone" else 0)
            server.start()
        takeover = self._takeover(url, held, began)
        if event == "kill":
            node.start()
        elif event == "freeze":
            node.signal(signal.SIGCONT)
        elif event == "cut":
            node.namespace.cut(off=False)
        name = node.name if event in OF_NODES else None
        self.told.append({"event": event, "node": name, "held": sorted(held), "takeover": takeover})

    def _tell(self) -> None:
        sys.stdout.write(f"{len(self.told):4} {json.dumps(self.told[-1])}\n")
        sys.stdout.flush()

    def _busy(self, nodes: Sequence[Node], url: str, rng: Random) -> Node:
        """A node that crawls a region now; any where none does for a minute."""
        for _ in range(240):
            busy = [node for node in nodes if self._held_by(url, node)]
            if busy:
                return rng.choice(busy)
            time.sleep(0.25)
        return rng.choice(nodes)

    def _held_by(self, url: str, node: Node) -> dict[str, int]:
        """The regions that the crawls of a node have, with their epochs."""
        pids = {f"process {pid}" for pid in node.tree()}
        return {
            region: epoch
            for region, epoch, holder, is_held in leases_of(url)
            if is_held and holder.partition(", ")[2] in pids
        }

    def _takeover(self, url: str, held: dict[str, int], began: float) -> float | None:
        """Seconds until the last of the regions had another crawl; None where none was held."""
        left = dict(held)
        while left and time.monotonic() - began < TAKEOVER:
            time.sleep(0.25)
            for region, epoch, _, _ in leases_of(url):
                if left.get(region, epoch) < epoch:
                    del left[region]
        if left:
            self.wrong.append(f"nobody took {sorted(left)} over in {TAKEOVER:.0f} s")
        return round(time.monotonic() - began, 1) if held else None

    def _finish(self, env: dict[str, str]) -> None:
        settings = _SETTINGS | {"DOWNLOAD_DELAY": 0}
        del settings["CRAWL_EVERY"]
        asked = ("-a", f"regions={','.join(REGIONS)}", "-a", "recheck=all",
                 "-s", "CONTACT=last@example.org")  # fmt: skip
        options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", "xinhua", *asked, *options],
            cwd=PROJECT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 3):
            self.wrong.append(f"the last crawl ended with {done.returncode}: {done.stderr[-500:]}")


def leases_of(url: str) -> list[tuple[str, int, str, bool]]:
    """Region, epoch, holder, whether it is held."""
    query = (
        "SELECT region, epoch, holder, until > extract(epoch FROM clock_timestamp()) FROM leases"
    )
    try:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            return connection.execute(query).fetchall()
    except psycopg.Error:
        return []  # not made yet


def asked_by(entry: Entry) -> str:
    """The node that asked, by its User-Agent."""
    agent = next((value for name, value in entry.headers if name.lower() == "user-agent"), "")
    return next(
        (name for name in ("last", *(f"node{n}" for n in range(NODES))) if name in agent), ""
    )


def not_shared(data_dir: Path, storage: S3Server, bucket: str) -> list[str]:
    """Files that reports list and the storage doesn't hold as they are here."""
    client, found = storage.client(), []
    for report in reports_of(data_dir):
        for row in json.loads(report.read_bytes())["files"]:
            try:
                there = client.get_object(Bucket=bucket, Key=f"archive/{row['path']}")
            except client.exceptions.NoSuchKey:
                found.append(f"{row['path']} isn't in the storage")
                continue
            if there["Body"].read() != (data_dir / row["path"]).read_bytes():
                found.append(f"{row['path']} is another one in the storage")
    return found


def too_fast(log: Sequence[Entry], since: int = 0) -> list[str]:
    """Requests that came sooner after another one to the same host than its delay, of all or of
    those from a place in the log on."""
    before: dict[str, Entry] = {}
    found = []
    for entry in log[since:]:
        last = before.get(entry.host)
        if asked_by(entry) != "last" and last and entry.at - last.at < DELAY - _JITTER:
            who = f"{asked_by(last)} ({last.path}) and {asked_by(entry)} ({entry.path})"
            found.append(f"{entry.host} was asked {entry.at - last.at:.3f} s apart by {who}")
        before[entry.host] = entry
    return found


def beside_each_other(log: Sequence[Entry]) -> list[str]:
    """Hosts of one region that two nodes asked in turns, quicker than a crawl begins and ends."""
    found = []
    for region in REGIONS:
        own = [one for one in log if f"{region}." in one.host]
        for first, second, third in zip(own, own[1:], own[2:], strict=False):
            names = [asked_by(one) for one in (first, second, third)]
            if names[0] == names[2] != names[1] and third.at - first.at < 1:
                found.append(f"{region} was asked by {' '.join(names)} within a second")
    return found


def main(argv: list[str] | None = None) -> int:
    """Plays events until there were so many."""
    parser = ArgumentParser(prog="python -m tests.chaos.cluster", description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--gone", type=float, default=600, help="seconds the server is gone for once"
    )
    args = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="chaos-cluster-"))
    chaos = Chaos(args.seed, folder)
    rng = Random(args.seed)
    events = [rng.choice(EVENTS[:-1]) for _ in range(args.events)]
    events[len(events) // 2] = "gone"
    chaos.play(events, args.gone)
    times = sorted(row["takeover"] for row in chaos.told if row["takeover"] is not None)
    counts = Counter(row["event"] for row in chaos.told)
    sys.stdout.write(f"{dict(counts)}; takeover at most {max(times, default=0.0)} s\n")
    sys.stdout.write("\n".join(chaos.wrong) or "nothing lost, nothing twice, nobody asked too fast")
    sys.stdout.write("\n")
    if chaos.wrong:
        sys.stdout.write(f"what there is stays in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
