"""The loopback Xinhua as one object: world, server, faults, log, and the host that controls them.

`control.test`, through the proxy or by Host header, answers JSON:
  /health                                  /truth[?region=KEY][&id=ID]
  /set?day=FLOAT                           /log[?since=N][&host=HOST]      /log/clear
  /fault?kind=…[&host=…&path=…&times=…&skip=…&retry_after=…&seconds=…&pause=…&size=…]
  /fault/clear                             /robots?host=…&text=…           /stats
  /redesign?region=KEY[&day=FLOAT]
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, fields
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from tests.site import truth as truths
from tests.site.answer import Answer, answer
from tests.site.certs import Authority
from tests.site.faults import CONNECTS, Fault, FaultRules, bad_answer, from_path, spoil
from tests.site.server import Connection, Entry, Server
from tests.site.shared import load
from tests.site.wire import frame
from tests.site.world import World

if TYPE_CHECKING:
    from tests.site.wire import Request

CONTROL = "control.test"


class Site:
    """A running site; use it in `with`. Keyword arguments not named here go to `World`.

    `shared` is the folder of real pages to serve at their own addresses, `wire` keeps the bytes of
    every exchange in the log, `control_file` is a JSON file {"day": …, "faults": [{…}]} that is
    read whenever it has changed.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls_port: int | None = 0,
        day: float = 0.0,
        shared: Path | None = None,
        control_file: Path | None = None,
        wire: bool = False,
        **world: Any,
    ) -> None:
        self.world = World(**world)
        self.world.day = day
        self.faults = FaultRules()
        self.robots: dict[str, str] = {}
        self.log: list[Entry] = []
        self._lock = Lock()
        self._pages = load(shared) if shared is not None else {}
        self._control_file = control_file
        self._control_stamp = 0
        self._folder = tempfile.TemporaryDirectory(prefix="loopback-xinhua-")
        try:
            self.authority = Authority(Path(self._folder.name))
            self._follow_file()
            self._server = Server(self, port, tls_port, wire=wire)
        except BaseException:
            self._folder.cleanup()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections and threads and removes the certificates."""
        self._server.close()
        self._folder.cleanup()

    @property
    def port(self) -> int:
        return self._server.ports[0]

    @property
    def tls_port(self) -> int:
        """The port that speaks TLS from the first byte."""
        return self._server.ports[1]

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program take this site for the network, and go nowhere else."""
        return {
            "http_proxy": self.proxy_url,
            "https_proxy": self.proxy_url,
            "no_proxy": "",
            "SSL_CERT_FILE": str(self.ca_file),
        }

    @property
    def ca_file(self) -> Path:
        """The CA's certificate, for SSL_CERT_FILE."""
        return self.authority.ca_file

    @property
    def day(self) -> float:
        return self.world.day

    @day.setter
    def day(self, day: float) -> None:
        with self._lock:
            self.world.day = day

    def fault(self, kind: str, **options: Any) -> Fault:
        """Puts a fault in force; options are `Fault`'s."""
        made = Fault(kind, **options)
        self.faults.add(made)
        return made

    def truth(self, region: str | None = None, identity: str | None = None) -> dict[str, Any]:
        """What is true now (`truth.truth`)."""
        with self._lock:
            return truths.truth(self.world, region, identity)

    def stats(self) -> dict[str, dict[str, Any]]:
        """Politeness by host: requests, bytes, gaps in seconds between starts, connections."""
        hosts: dict[str, list[Entry]] = {}
        for entry in list(self.log):
            hosts.setdefault(entry.host, []).append(entry)
        figures: dict[str, dict[str, Any]] = {}
        for host, entries in sorted(hosts.items()):
            gaps = [b.at - a.at for a, b in pairwise(entries)]
            figures[host] = {
                "requests": len(entries),
                "bytes": sum(entry.size for entry in entries),
                "not_modified": sum(entry.status == 304 for entry in entries),
                "robots": sum(entry.path == "/robots.txt" for entry in entries),
                "connections": len({entry.connection for entry in entries}),
                "min_gap": min(gaps, default=None),
                "median_gap": median(gaps) if gaps else None,
            }
        return figures

    # --- what the server asks ------------------------------------------------------------------

    def connecting(self, host: str) -> str:
        """The fault that meets a new connection to a host, or an empty string."""
        found = self.faults.match(host, "", connecting=True)
        return found.kind if found else ""

    def log_entry(
        self, connection: int, scheme: str, host: str, path: str, request: Request
    ) -> Entry:
        """Makes the request's entry; the control host has none in the log."""
        with self._lock:
            entry = Entry(
                number=len(self.log),
                at=monotonic(),
                day=self.world.day,
                connection=connection,
                scheme=scheme,
                method=request.method,
                host=host,
                path=path,
                headers=list(request.headers),
            )
            if host != CONTROL:
                self.log.append(entry)
        return entry

    def respond(self, request: Request, entry: Entry, sink: Connection) -> bool:
        """Sends the answer; True when the connection can go on."""
        self._follow_file()
        fault, path = from_path(entry.path)
        if entry.host != CONTROL:
            fault = fault or self.faults.match(entry.host, path)
            if fault is None and entry.scheme == "http" and self.connecting(entry.host) == "dns":
                fault = Fault("502")
        url = f"{entry.scheme}://{entry.host}{path}"
        with self._lock:
            made = self._answer(entry, path)
            at = self.world.at
        if fault is not None and fault.kind not in CONNECTS:
            entry.fault = fault.kind
            made = bad_answer(fault, entry.host, entry.path) or made
            return spoil(fault, made, request, url, at, sink)
        wire = frame(made, request, url, at)
        sink.send(wire.head + wire.body)
        return not wire.close

    def _answer(self, entry: Entry, target: str) -> Answer:
        path, _, query = target.partition("?")
        if entry.host == CONTROL:
            return self._control(path, dict(parse_qsl(query)))
        if path == "/robots.txt" and entry.host in self.robots:
            return Answer(200, self.robots[entry.host].encode(), "text/plain")
        stored = self._pages.get((entry.host, path))
        if stored is not None:
            return Answer(200, stored, etag=True)
        made = answer(self.world, entry.scheme, entry.host, path, query)
        return made if made is not None else Answer(502, b"no such host", "text/plain")

    # --- control -------------------------------------------------------------------------------

    def _follow_file(self) -> None:
        if self._control_file is None:
            return
        try:
            stamp = self._control_file.stat().st_mtime_ns
        except FileNotFoundError:
            return
        with self._lock:
            if stamp == self._control_stamp:
                return
            self._control_stamp = stamp
            wanted = json.loads(self._control_file.read_text("utf-8"))
            if "day" in wanted:
                self.world.day = float(wanted["day"])
            self.faults.replace([Fault(**fault) for fault in wanted.get("faults", [])])

    def _control(self, path: str, query: dict[str, str]) -> Answer:
        """Called with the lock held."""
        try:
            value = self._command(path, query)
        except (ValueError, TypeError, KeyError) as error:
            return _json({"error": str(error)}, 400)
        return _json(value) if value is not None else _json({"error": "no such command"}, 404)

    def _command(self, path: str, query: dict[str, str]) -> object:
        if path == "/health":
            return {"day": self.world.day, "requests": len(self.log)}
        if path == "/truth":
            return truths.truth(self.world, query.get("region"), query.get("id"))
        if path == "/set":
            self.world.day = float(query["day"])
            return {"day": self.world.day}
        if path == "/log":
            since = int(query.get("since", "0"))
            host = query.get("host")
            return [_shown(e) for e in self.log[since:] if host in {None, e.host}]
        if path == "/log/clear":
            self.log.clear()
            return {"requests": 0}
        if path == "/fault":
            self.faults.add(_fault(query))
            return {"fault": query["kind"]}
        if path == "/fault/clear":
            self.faults.replace([])
            return {"faults": 0}
        if path == "/robots":
            self.robots[query["host"]] = query["text"]
            return {"robots": query["host"]}
        if path == "/redesign":
            self.world.redesigns[query["region"]] = float(query.get("day", "0"))
            return {"redesigns": self.world.redesigns}
        if path == "/stats":
            return self.stats()
        return None


def _fault(query: dict[str, str]) -> Fault:
    sorts = {"times": int, "skip": int, "seconds": float, "pause": float, "size": int}
    known = {f.name for f in fields(Fault)} - {"hits"}
    unknown = query.keys() - known
    if unknown:
        message = f"unknown option: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return Fault(**{key: sorts.get(key, str)(value) for key, value in query.items()})


def _shown(entry: Entry) -> dict[str, Any]:
    shown = asdict(entry)
    for name in ("request", "sent"):
        data = shown.pop(name)
        if data:
            shown[f"{name}_sha256"] = sha256(data).hexdigest()
    return shown


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")
