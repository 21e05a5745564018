"""Which code reads pages: the version and a digest of all that decides what is extracted, the
layouts that an archive has accepted among it.

`<version>+<12 hex digits>` stands in every record, so that a re-check knows whether the last
version was made by today's code: a page that only a better extractor reads differently is no edit.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from crawler import __version__

# Files and folders below `crawler/` that decide what is extracted.
PARTS: Final = (
    "pages", "layouts", "lists", "pipelines", "regions", "labels.py", "labels.toml",
    "dates.py", "items.py", "urls.py", "media_type.py",
    "archive/captures.py", "archive/decode.py", "archive/wire.py",
)  # fmt: skip

_SUFFIXES = frozenset({".py", ".toml", ".json"})


def extractor_version(layouts: str = "") -> str:
    """The version of the code as it stands on disk and of accepted layouts, given by their digest;
    "" where there are none, and then it is the code's alone."""
    code = _code()
    if layouts:
        code = hashlib.sha256(f"{code} {layouts}".encode()).hexdigest()
    return f"{__version__}+{code[:12]}"


@cache
def _code() -> str:
    """The digest of the code, computed once in a process."""
    return digest(Path(__file__).parent)


def digest(package: Path) -> str:
    """Hex SHA-256 over names and contents of the files, in the order of their names."""
    hashed = hashlib.sha256()
    for file in sorted(_files(package), key=lambda file: file.relative_to(package).as_posix()):
        content = file.read_bytes()
        name = file.relative_to(package).as_posix().encode()
        hashed.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return hashed.hexdigest()


def _files(package: Path) -> set[Path]:
    found: set[Path] = set()
    for part in PARTS:
        path = package / part
        found |= {path} if path.is_file() else {f for f in path.rglob("*") if f.suffix in _SUFFIXES}
    return found
