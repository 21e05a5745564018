"""`make chaos-cluster EVENTS=200`: workers on one PostgreSQL server and one S3 server, each in a
network namespace of its own, that are killed, frozen, cut off, with clocks apart, while the
database restarts and goes and the storage refuses.

What came of it is held against the site's truth and its log, and against what the database saw of
the leases: nothing lost, nothing twice, no host asked too fast, no request to a region by a process
that hadn't its lease, all that is published in the storage. Prints a table by kinds of events; exit
code 1 when anything is wrong. Needs root, or a kernel that lets users make namespaces.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import make_url

from crawler.data_dir import reports_of
from crawler.ledger.ledger import Ledger
from crawler.regions import region_of
from tests.chaos.history import untrue
from tests.chaos.soundness import faults_of
from tests.conftest import PROJECT
from tests.postgres import Postgres
from tests.s3 import CuttingWay, S3Server
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.site.server import Entry

# Of the last one lists and articles are asked for over TLS.
REGIONS = ("js", "he", "jl")
NODES = 3
DELAY = 0.4

# What happens, and how often beside the others; for good measure the server is gone once.
WEIGHTS = {"kill": 3, "freeze": 3, "cut": 3, "restart": 1, "refuse": 2}
GONE = "gone"
# Those that are of a worker, not of a server.
OF_NODES = frozenset({"kill", "freeze", "cut"})
# Two in three of these are over after so many seconds at most, before a lease is; the others only
# when all regions of the node are another's.
BRIEF = 10.0
CAN_BE_BRIEF = frozenset({"freeze", "cut"})
# Seconds for which the storage refuses.
REFUSED = 10.0

# So long may a region be without a crawl after its holder is gone, or all after a server is back:
# the lease, the queue's round, the jobs that failed.
TAKEOVER = 90.0

# Of a delay so much may the ways into and out of a namespace add to a request on a busy machine.
_JITTER = 0.5
# In so many requests the most that these add is little beside their delays.
_WINDOW = 10

# The process of `_finish`, which asks without a delay when all is over.
LAST = "last"

_LINK = Path(__file__).with_name("link.py")
# What a process of a node has on its PYTHONPATH.
NODE_FOLDER = Path(__file__).with_name("node")
_SETTINGS = {
    "DOWNLOAD_DELAY": DELAY, "DOWNLOAD_DELAY_JITTER": 0, "CHECKPOINT_SECONDS": 0.5,
    "GONE_CONFIRM_AFTER": 0, "PART_SECONDS": 1, "LOG_LEVEL": "WARNING",
    "CRAWL_EVERY": 0.05,
}  # fmt: skip

# The database notes by itself who took a region when, and gave it back.
_WITNESS = """
CREATE SCHEMA witness;
CREATE TABLE witness.holders (region text, epoch bigint, holder text, is_held boolean, at float8);
CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
    INSERT INTO witness.holders VALUES (NEW.region, NEW.epoch, NEW.holder,
        NEW.run_id IS NOT NULL, extract(epoch FROM clock_timestamp()));
    RETURN NULL;
END';
CREATE TRIGGER note AFTER UPDATE ON leases FOR EACH ROW
    WHEN (OLD.epoch <> NEW.epoch OR OLD.run_id IS DISTINCT FROM NEW.run_id)
    EXECUTE FUNCTION witness.note();
"""


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
    is_kept: bool = False

    def start(self) -> None:
        self.is_kept = True
        options = [word for key, value in _SETTINGS.items() for word in ("-s", f"{key}={value}")]
        work = ["work", "--crawls", str(len(REGIONS)), "-j", "0", "--regions", ",".join(REGIONS)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.namespace.within(sys.executable, "-m", "scrapy", *work, *options),
                cwd=PROJECT,
                env={**self.env, "CLOCK_SHIFT": str(self.clock), "NODE": self.name},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def keep(self) -> None:
        """Start it again where it has ended by itself, as systemd does: a worker that begins while
        the storage refuses ends."""
        if self.is_kept and self.process and self.process.poll() is not None:
            self.start()

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

    def strike(self, event: str) -> None:
        """Do to it what the event is."""
        if event == "cut":
            self.namespace.cut(off=True)
            return
        self.is_kept = event != "kill"
        self.signal(signal.SIGKILL if event == "kill" else signal.SIGSTOP)
        if event == "kill":
            assert self.process
            self.process.wait()

    def restore(self, event: str) -> None:
        """Undo that."""
        if event == "cut":
            self.namespace.cut(off=False)
        elif event == "kill":
            self.start()
        else:
            self.signal(signal.SIGCONT)

    def stop(self) -> None:
        """End in order."""
        self.is_kept = False
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(90)
        self.close()

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()


@dataclass
class Struck:
    """One event, `at` seconds after the beginning. Of a node: the regions that it held, for how
    many seconds it was struck where that was `brief`, else after how many the last of the regions
    was another's (`takeover`). Of a server: after how many seconds a region was crawled again
    (`back`). `lost`, `twice` and `too_fast` count what is wrong."""

    event: str
    at: float
    node: str | None = None
    held: list[str] = field(default_factory=list)
    brief: float | None = None
    takeover: float | None = None
    back: float | None = None
    lost: int = 0
    twice: int = 0
    too_fast: int = 0


class Holding(NamedTuple):
    """When a process had a region, in seconds since 1970."""

    region: str
    pid: str
    start: float
    end: float


class Fault(NamedTuple):
    """Something of the site's log that must not be, and when it was."""

    told: str
    at: float


@dataclass
class Chaos:
    """`told` holds a row for each event; `wrong` a sentence for each thing that is; `runs` counts
    the runs that there were, by how they ended."""

    seed: int
    folder: Path
    # Seconds by which the clocks of the nodes differ.
    apart: float = 45.0
    told: list[Struck] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    _began: float = 0.0

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
        set_witness(url)
        env = {
            **os.environ, **env, "XINHUA_DATA_DIR": str(data_dir),
            "XINHUA_LEDGER": url, "PYTHONPATH": str(NODE_FOLDER),
        }  # fmt: skip
        port = int(site.proxy_url.rpartition(":")[2].strip("/"))
        nodes = [
            Node(f"node{n}", Namespace(self.folder / f"net{n}", [server.port, way.port, port]), env,
                 self.apart * (n - 1), self.folder / f"node{n}.log")
            for n in range(NODES)
        ]  # fmt: skip
        self._began = time.monotonic()
        over = Event()
        keeping = Thread(target=self._keep, args=(nodes, over))
        try:
            for node in nodes:
                node.start()
                time.sleep(1)
            keeping.start()
            with ThreadPoolExecutor(1) as storage:
                for event in events:
                    time.sleep(rng.uniform(0.5, 1.5))
                    site.day += rng.uniform(0, 0.3)
                    if event == "refuse":  # whatever else happens meanwhile
                        storage.submit(self._refuse, self._note(event), way)
                    elif event in OF_NODES:
                        self._strike(event, nodes, url, rng)
                    else:
                        self._stop_server(event, server, url, gone)
            over.set()
            keeping.join()
            for node in nodes:
                node.stop()
        finally:
            over.set()
            for node in nodes:
                node.close()
                node.namespace.close()
        # what a node whose clock is ahead was owed last is owed by then
        time.sleep(self.apart * (NODES - 2))
        let_hours_pass(url)
        for _ in range(2):
            self._finish(env)
        self._judge(site, data_dir, url)

    # --- events ----------------------------------------------------------------------------------

    def _keep(self, nodes: Sequence[Node], over: Event) -> None:
        while not over.wait(2):
            for node in nodes:
                node.keep()

    def _note(self, event: str, node: str | None = None, held: Sequence[str] = ()) -> Struck:
        row = Struck(event, round(time.monotonic() - self._began, 1), node, list(held))
        self.told.append(row)
        return row

    def _tell(self, row: Struck) -> None:
        said = {name: value for name, value in asdict(row).items() if value or name == "at"}
        sys.stdout.write(f"{self.told.index(row) + 1:4} {json.dumps(said)}\n")
        sys.stdout.flush()

    def _strike(self, event: str, nodes: Sequence[Node], url: str, rng: Random) -> None:
        """See how the regions of a node are taken over, or wait briefly, then let it go on."""
        node, held = self._busy(nodes, url, rng)
        row = self._note(event, node.name, sorted(held))
        if event in CAN_BE_BRIEF and rng.random() < 2 / 3:
            row.brief = round(rng.uniform(0, BRIEF), 1)
        node.strike(event)
        if row.brief is None:
            row.takeover = self._until_later(held, url, all)
        else:
            time.sleep(row.brief)
        node.restore(event)
        self._tell(row)

    def _busy(self, nodes: Sequence[Node], url: str, rng: Random) -> tuple[Node, dict[str, int]]:
        """A node that crawls a region now, and its regions with their epochs. To strike one that
        doesn't would prove nothing."""
        until = time.monotonic() + TAKEOVER
        while time.monotonic() < until:
            busy = [(node, held) for node in nodes if (held := held_by(url, node))]
            if busy:
                return rng.choice(busy)
            time.sleep(0.25)
        self.wrong.append(f"nobody crawled any region for {TAKEOVER:.0f} s")
        return rng.choice(nodes), {}

    def _refuse(self, row: Struck, way: CuttingWay) -> None:
        way.refuse(on=True)
        time.sleep(REFUSED)
        way.refuse(on=False)
        self._tell(row)

    def _stop_server(self, event: str, server: Postgres, url: str, gone: float) -> None:
        """See when some region is crawled again by a run that began since."""
        row = self._note(event)
        server.stop(signal.SIGINT if event == "restart" else signal.SIGQUIT)
        time.sleep(gone if event == GONE else 0)
        server.start()
        epochs = {region: epoch for region, epoch, *_ in leases_of(url)}
        row.back = self._until_later(epochs, url, any)
        self._tell(row)

    def _until_later(
        self, before: Mapping[str, int], url: str, enough: Callable[[Iterable[bool]], bool]
    ) -> float:
        """Seconds until regions had another crawl than they had."""
        began = time.monotonic()
        while (spent := time.monotonic() - began) < TAKEOVER:
            now = {region: epoch for region, epoch, *_ in leases_of(url)}
            if enough(now.get(region, 0) > epoch for region, epoch in before.items()):
                break
            time.sleep(0.25)
        else:
            self.wrong.append(f"{sorted(before)} had no other crawl in {TAKEOVER:.0f} s")
        return round(spent, 1)

    def _finish(self, env: dict[str, str]) -> None:
        settings = _SETTINGS | {"DOWNLOAD_DELAY": 0}
        del settings["CRAWL_EVERY"]
        asked = ("-a", f"regions={','.join(REGIONS)}", "-a", "recheck=all")
        options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", "xinhua", *asked, *options],
            cwd=PROJECT, env={**env, "NODE": LAST}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 3):
            self.wrong.append(f"the last crawl ended with {done.returncode}: {done.stderr[-500:]}")

    # --- what came of them -----------------------------------------------------------------------

    def _judge(self, site: Site, data_dir: Path, url: str) -> None:
        log, began = site.log, self._began
        for fault in (*too_fast(log), *too_many(log)):
            self.wrong.append(fault.told)
            self._of(fault.at - began).too_fast += 1
        self.wrong += not_the_holders(log, holdings_of(url))
        asked = {entry.path: entry.at for entry in log}
        paths = {one["id"]: urlsplit(one["url"]).path for one in site.truth()["articles"]}
        for sentence in (*faults_of(data_dir), *untrue(site, data_dir)):
            self.wrong.append(sentence)
            kind = kind_of(sentence)
            if kind is not None:
                of = next((path for one, path in paths.items() if one in sentence), "")
                row = self._of(asked.get(of, began) - began)
                setattr(row, kind, getattr(row, kind) + 1)
        for log_file in sorted(self.folder.glob("node*.log")):
            self.wrong += troubles(log_file.name, log_file.read_text(errors="replace"))
        self.runs.update(json.loads(one.read_bytes())["reason"] for one in reports_of(data_dir))

    def _of(self, at: float) -> Struck:
        """The event after which something was, the first for what was before them all."""
        return next((row for row in reversed(self.told) if row.at <= at), self.told[0])

    def table(self) -> str:
        """By kinds of events what came of them; the last row is of all."""
        lines = ["event     number  lost  twice  too fast  taken over  median  most  back: most"]
        for kind in (*WEIGHTS, GONE, "all"):
            rows = [row for row in self.told if kind in (row.event, "all")]
            if not rows:
                continue
            takeovers = [row.takeover for row in rows if row.takeover is not None]
            backs = [row.back for row in rows if row.back is not None]
            lines.append(
                f"{kind:9} {len(rows):6} {sum(row.lost for row in rows):5}"
                f" {sum(row.twice for row in rows):6} {sum(row.too_fast for row in rows):9}"
                f" {len(takeovers):11} {_seconds(median(takeovers) if takeovers else None):>7}"
                f" {_seconds(max(takeovers, default=None)):>5}"
                f" {_seconds(max(backs, default=None)):>11}"
            )
        return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def set_witness(url: str) -> None:
    """Make a ledger in an empty database, which notes by itself who has which region when."""
    Ledger.at(make_url(url), fresh=True).close()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(_WITNESS)


def let_hours_pass(url: str) -> None:
    """What an address waits for that could not be reached is over: nothing but that may keep the
    last crawls from fetching what is owed."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(
            "UPDATE addresses SET retry_at = least(retry_at, to_char(now() AT TIME ZONE 'UTC',"
            ' \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')) WHERE retry_at IS NOT NULL'
        )


def leases_of(url: str) -> list[tuple[str, int, str, bool]]:
    """Region, epoch, holder, whether it is held; nothing while the server is away."""
    query = (
        "SELECT region, epoch, holder, until > extract(epoch FROM clock_timestamp()) FROM leases"
    )
    try:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            return connection.execute(query).fetchall()
    except psycopg.Error:
        return []


def held_by(url: str, node: Node) -> dict[str, int]:
    """The regions that the crawls of a node have, with their epochs."""
    pids = {str(pid) for pid in node.tree()}
    return {
        region: epoch
        for region, epoch, holder, is_held in leases_of(url)
        if is_held and pid_in(holder) in pids
    }


def pid_in(holder: str) -> str:
    """The process of a lease's holder."""
    return holder.rpartition("process ")[2]


def holdings_of(url: str) -> list[Holding]:
    """Which process had which region when, as the database saw it."""
    query = "SELECT region, epoch, holder, is_held, at FROM witness.holders ORDER BY region, at"
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return holdings(connection.execute(query).fetchall())


def holdings(rows: Sequence[tuple[str, int, str, bool, float]]) -> list[Holding]:
    """The same of the rows of takings and givings back, in their order by region."""
    ends = [
        at if later == region else math.inf
        for (region, *_), (later, *_, at) in pairwise((*rows, ("", 0, "", False, math.inf)))
    ]
    return [
        Holding(region, pid_in(holder), start, end)
        for (region, _, holder, is_held, start), end in zip(rows, ends, strict=True)
        if is_held
    ]


def asked_by(entry: Entry) -> tuple[str, str]:
    """The node and the process that asked, by its User-Agent."""
    agent = next((value for name, value in entry.headers if name.lower() == "user-agent"), "")
    node, _, pid = agent.partition("(+")[2].partition("@")[0].rpartition("-")
    return node, pid


def too_fast(log: Iterable[Entry], delay: float = DELAY) -> list[Fault]:
    """Requests that came sooner after another one to the same host than its delay."""
    before: dict[str, Entry] = {}
    found = []
    for entry in _in_turn(log):
        last = before.get(entry.host)
        if last and entry.at - last.at < delay - _JITTER * delay:
            who = f"{asked_by(last)} ({last.path}) and {asked_by(entry)} ({entry.path})"
            told = f"{entry.host} was asked {entry.at - last.at:.3f} s apart by {who}"
            found.append(Fault(told, entry.at))
        before[entry.host] = entry
    return found


def too_many(log: Iterable[Entry], delay: float = DELAY) -> list[Fault]:
    """Requests to one host that came sooner after the tenth before them than their delays."""
    before: dict[str, list[float]] = {}
    found = []
    for entry in _in_turn(log):
        times = before.setdefault(entry.host, [])
        times.append(entry.at)
        if len(times) <= _WINDOW:
            continue
        spent = entry.at - times[-1 - _WINDOW]
        if spent < (_WINDOW - _JITTER) * delay:
            told = f"{entry.host} was asked {_WINDOW} times more in {spent:.2f} s"
            found.append(Fault(told, entry.at))
    return found


def _in_turn(log: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry in log if asked_by(entry)[0] != LAST)


def not_the_holders(log: Iterable[Entry], held: Iterable[Holding]) -> list[str]:
    """Requests to a region's hosts by a process that hadn't the region then."""
    to_wall = time.time() - time.monotonic()  # the log's times are of the other clock
    had: dict[tuple[str, str], list[Holding]] = {}
    for one in held:
        had.setdefault((one.region, one.pid), []).append(one)
    found = []
    for entry in log:
        region, (node, pid), at = region_of(entry.host), asked_by(entry), entry.at + to_wall
        if region is not None and not any(
            one.start <= at <= one.end + _JITTER * DELAY for one in had.get((region.code, pid), ())
        ):
            found.append(f"{entry.host}{entry.path} was asked by {node}, process {pid}, at"
                         f" {at:.2f}, without {region.code}")  # fmt: skip
    return found


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


def kind_of(sentence: str) -> str | None:
    """Of which count what is wrong with an article is."""
    if sentence.endswith("is lost"):
        return "lost"
    is_twice = " was published " in sentence or sentence.endswith("twice here")
    return "twice" if is_twice else None


def troubles(name: str, said: str) -> list[str]:
    """Errors that nobody foresaw, in what a worker and its crawls have logged."""
    lines = said.splitlines()
    return [
        f"{name}:{number + 1}: {lines[min(number + 1, len(lines) - 1)].strip()}"
        for number, line in enumerate(lines)
        if "Traceback" in line
    ]


def events_of(count: int, rng: Random) -> list[str]:
    """So many events, the server gone for long in the middle of them."""
    events = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count)
    events[count // 2] = GONE
    return events


def main(argv: list[str] | None = None) -> int:
    """Plays events until there were so many."""
    parser = ArgumentParser(prog="python -m tests.chaos.cluster", description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--gone", type=float, default=600, help="seconds the server is gone for once"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    args = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="chaos-cluster-"))
    chaos = Chaos(args.seed, folder)
    began = time.monotonic()
    chaos.play(events_of(args.events, Random(args.seed)), args.gone)
    if args.json:
        told = {"seed": args.seed, "runs": chaos.runs, "wrong": chaos.wrong,
                "events": [asdict(row) for row in chaos.told]}  # fmt: skip
        args.json.write_text(json.dumps(told, indent=1) + "\n")
    runs = ", ".join(f"{count} {reason}" for reason, count in chaos.runs.most_common())
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(f"{chaos.table()}\n{minutes:.0f} minutes; runs: {runs}\n")
    sys.stdout.write("\n".join(chaos.wrong) or "nothing lost, nothing twice, nobody asked too fast")
    sys.stdout.write("\n")
    if chaos.wrong:
        sys.stdout.write(f"what there is stays in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
