"""Commands run one after another by a process that has read all modules: a fork for each.

stdin: a JSON list of {args, stdout, locked}; stdout: a JSON list of {code, err}. `locked` names a
data folder that another process holds meanwhile.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from typing import Any

from scrapy.cmdline import execute

import crawler

# settings are read from the environment when they are imported: by each command itself
for module in pkgutil.walk_packages(crawler.__path__, "crawler."):
    if module.name.startswith(("crawler.commands.", "crawler.spiders.")):
        importlib.import_module(module.name)
assert "crawler.settings" not in sys.modules


def run(case: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if not child:
            out = os.open(case.get("stdout", os.devnull), os.O_WRONLY)
            os.dup2(out, 1)
            os.dup2(told.fileno(), 2)
            code: Any = 1
            try:
                execute(["scrapy", *case["args"]])
            except SystemExit as end:
                code = end.code or 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        told.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "err": told.read().decode()}


if __name__ == "__main__":
    print(json.dumps([run(case) for case in json.load(sys.stdin)]))
