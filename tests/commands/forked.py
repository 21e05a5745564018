"""Commands run one after another by a process that has read all modules: a fork for each.

stdin: a JSON list of {args, stdout}; stdout: one of {code, out, err}, with the bytes of `out` as
characters of Latin-1. `stdout` names a file that takes the output instead.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from contextlib import suppress
from typing import Any

from scrapy.cmdline import execute

import crawler

# settings are read from the environment when they are imported: by each command itself
for module in pkgutil.walk_packages(crawler.__path__, "crawler."):
    if module.name.startswith(("crawler.commands.", "crawler.spiders.")):
        importlib.import_module(module.name)
assert "crawler.settings" not in sys.modules


def run(case: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        child = os.fork()
        if not child:
            elsewhere = case.get("stdout")
            os.dup2(os.open(elsewhere, os.O_WRONLY) if elsewhere else out.fileno(), 1)
            os.dup2(told.fileno(), 2)
            code: Any = 1
            try:
                execute(["scrapy", *case["args"]])
            except SystemExit as end:
                code = end.code or 0
            finally:
                with suppress(OSError):
                    sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        told.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out.read().decode("latin-1"),
            "err": told.read().decode(),
        }


if __name__ == "__main__":
    print(json.dumps([run(case) for case in json.load(sys.stdin)]))
