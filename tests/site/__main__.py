"""`python -m tests.site`: runs the loopback Xinhua until SIGTERM or SIGINT.

Prints one line of JSON when it is ready: port, tls_port, proxy, ca_file.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from threading import Event

from tests.site.site import Site


def main(argv: list[str] | None = None) -> int:
    """Parses the arguments, serves, returns 0 after a clean stop."""
    parser = ArgumentParser(prog="python -m tests.site", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", type=float, default=0.0, help="simulated day, may be a fraction")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 9, 1))
    parser.add_argument("--regions", help="channel keys, comma-separated (default: all)")
    parser.add_argument("--articles", type=int, default=12, help="backlog of each channel")
    parser.add_argument("--daily", type=int, default=1, help="new articles a channel and day")
    parser.add_argument("--control-file", type=Path)
    parser.add_argument("--ca-file", type=Path, help="also write the CA certificate there")
    parser.add_argument("--shared", type=Path, help="folder of real pages to serve")
    args = parser.parse_args(argv)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Site(
        port=args.port,
        tls_port=args.tls_port,
        day=args.day,
        shared=args.shared,
        control_file=args.control_file,
        seed=args.seed,
        start=args.start,
        regions=args.regions.split(",") if args.regions else None,
        articles=args.articles,
        daily=args.daily,
    ) as site:
        ca_file = site.ca_file
        if args.ca_file:
            ca_file = Path(shutil.copy(site.ca_file, args.ca_file))
        ready = {
            "port": site.port,
            "tls_port": site.tls_port,
            "proxy": site.proxy_url,
            "ca_file": str(ca_file),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
