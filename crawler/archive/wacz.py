"""WARC files in a WACZ, or compressed as a whole, unpacked to where their records can be gone to.

In: a file, WACZ or WARC, and a folder to unpack into. Out: the WARC files it stands for. Names in
a package are not trusted: what is unpacked has names of ours.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from crawler.archive.compression import contents
from crawler.archive.reader import WarcError, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

# In pointers it stands between the name of a WACZ and that of a WARC in it.
MARK = "#archive/"

WACZ_SUFFIX = ".wacz"


def warcs_in(file: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """The WARC files of an input, and what follows its name in their pointers: the file itself, or
    those packed in it, also where it is one compressed as a whole. Raises WarcError for a damaged
    package, after what is whole of it."""
    if not zipfile.is_zipfile(file):
        if _is_whole(file):
            yield from _unpacked_whole(file, folder)
        else:
            yield file, ""
        return
    try:
        with zipfile.ZipFile(file) as packed:
            entries = [one for one in packed.infolist() if _is_warc(one)]
            if not entries:
                raise WarcError(file, 0, "a ZIP file without a WARC under archive/")
            for number, entry in enumerate(entries):
                path = folder / f"{number}.warc"
                path.parent.mkdir(exist_ok=True)
                with packed.open(entry) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
                yield path, f"#{entry.filename}"
    # the last two are zipfile's for a compression it doesn't know, and for encryption
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WarcError(file, 0, f"damaged or encrypted WACZ: {error}") from error


def _is_whole(file: Path) -> bool:
    """Whether a WARC is compressed as a whole: its first record has no member of its own."""
    first = next(read_records(file, on_damage=lambda _: None), None)
    return first is not None and first.length == 0


def _unpacked_whole(file: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    path = folder / "0.warc"
    path.parent.mkdir(exist_ok=True)
    damage = None
    with file.open("rb") as packed, path.open("wb") as target:
        source = contents(file, packed, 0)
        try:
            while piece := source.piece():
                target.write(piece)
        except WarcError as error:
            damage = error
    yield path, f"{MARK}{file.name.partition('.warc')[0]}.warc"
    if damage:
        raise damage


class Unpacked:
    """The packages that pointers lead into, each unpacked once, until `close`."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._warcs: dict[Path, dict[str, Path]] = {}

    def warc(self, package: Path, name: str) -> Path | None:
        """The WARC of that name in a package, None where there is none. Raises WarcError."""
        if package not in self._warcs:
            self._folder = self._folder or TemporaryDirectory()
            folder = Path(self._folder.name) / str(len(self._warcs))
            # stays when the package is damaged: trying once is enough
            warcs = self._warcs[package] = {}
            warcs.update((inner, path) for path, inner in warcs_in(package, folder))
        return self._warcs[package].get(name)

    def close(self) -> None:
        if self._folder:
            self._folder.cleanup()


def _is_warc(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.startswith("archive/") and not entry.is_dir()
