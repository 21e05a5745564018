"""`make quality`: the score of every field and layout, and whether every floor holds.

Exit code 1 when one doesn't.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.conftest import SHARED
from tests.quality import judged
from tests.quality.scores import below, table


def main() -> int:
    scores = judged.scores()
    out = ["Fixtures, by layout:", table(scores), *(low := below(scores)), ""]
    code = int(bool(low))
    if SHARED.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            done = judged.judge(SHARED, judged.answers(SHARED), Path(folder) / "predicted.jsonl")
        out += ["Saved real pages, by the shared judge:", done.stdout, done.stderr]
        code = code or done.returncode
    else:
        out.append("The saved real pages (../shared) are not here.")
    sys.stdout.write("\n".join(out) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
