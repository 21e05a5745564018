"""What a run that corrects counts: `corrections` in its report."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.data_dir import LINES_FOLDER, LINES_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(slots=True)
class CorrectionCounts:
    """`looked_at` counts lines, None where it isn't known; `written` those that got a correction,
    `keys` for which keys, `left` by reason those that didn't though they are read otherwise.
    `fields` are the keys that were asked for by name."""

    fields: Sequence[str] = ()
    looked_at: int | None = 0
    written: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, keys: Iterable[str]) -> None:
        """Count a correction."""
        self.written += 1
        self.keys.update(keys)

    def as_json(self) -> dict[str, Any]:
        """Its form in a report."""
        return {
            "fields": list(self.fields),
            "looked_at": self.looked_at,
            "written": self.written,
            "keys": dict(sorted(self.keys.items())),
            "left": dict(sorted(self.left.items())),
        }


def corrections_in(data_dir: Path, files: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of a run that was killed, from its published files (rows of a manifest)."""
    counts = CorrectionCounts(looked_at=None)
    for row in files:
        name = str(row["path"])
        if name.startswith(f"{LINES_FOLDER}/") and name.endswith(LINES_SUFFIX):
            with (data_dir / name).open("rb") as lines:
                for line in lines:
                    counts.add(json.loads(line)["corrects"]["keys"])
    return counts.as_json()
