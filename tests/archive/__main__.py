"""`python -m tests.archive [exchanges] [checkers] [damage]`: what the archive's proofs show.

The table of exchanges (are the archived bytes those on the wire?), what others' checkers say of
each, which checker sees which damage, and which tampering `scrapy verify` sees, with the ledger and
in a copy without it. Exits 1 when a byte differs or `scrapy verify` misses a damage or a tampering.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.archive.checkers import CHECKERS
from tests.archive.crawled import Crawled, crawl_kinds
from tests.archive.damage import DAMAGE, UNDESCRIBED, make_holding
from tests.archive.exchanges import differences
from tests.archive.kinds import KINDS
from tests.archive.test_checkers import complaints_of
from tests.conftest import isolate
from tests.processes import defects
from tests.verification.history import make_history
from tests.verification.tampering import TAMPERINGS, Folder

TABLES = ("exchanges", "checkers", "damage")


def main(wanted: list[str]) -> int:
    isolate()
    if not set(wanted) <= set(TABLES):
        print(__doc__)
        return 2
    is_sound = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not wanted or {"exchanges", "checkers"} & set(wanted):
            crawled = crawl_kinds(_made(folder / "crawled"))
            if not wanted or "exchanges" in wanted:
                is_sound = exchanges(crawled)
            if not wanted or "checkers" in wanted:
                checkers(crawled, _made(folder / "checked"))
        if not wanted or "damage" in wanted:
            is_sound &= damage(_made(folder / "damaged"))
            is_sound &= tampering(_made(folder / "tampered"))
    return 0 if is_sound else 1


def exchanges(crawled: Crawled) -> bool:
    """Kind by kind, whether request and response blocks are the origin's log; True when all are."""
    wrong = {name: differences(crawled, name) for name in KINDS}
    for name, found in wrong.items():
        kind = KINDS[name]
        cut = f"  cut: {kind.truncated}" if kind.truncated else ""
        print(f"{name:26} {kind.end:10} {'; '.join(found) or 'equal'}{cut}")
    equal = sum(not found for found in wrong.values())
    print(f"{equal} of {len(KINDS)} kinds of exchange are archived byte for byte\n")
    return equal == len(KINDS)


def checkers(crawled: Crawled, folder: Path) -> None:
    """What others' checkers complain of, by kind; they accept what isn't there."""
    for checker in CHECKERS:
        complaints = complaints_of(checker, crawled, folder)
        for name, says in sorted(complaints.items()):
            print(f"{checker:10} {name:26} {says.strip().splitlines()[-1][:60]}")
        print(f"{checker} accepts {len(KINDS) - len(complaints)} of {len(KINDS)} kinds\n")


def damage(folder: Path) -> bool:
    """Which checker sees which damage; True when `scrapy verify` sees all."""
    sound = make_holding(_made(folder / "sound")).warc
    copies, ours = [], {}
    for name, spoil in DAMAGE.items():
        holding = make_holding(_made(folder / name))
        spoil(holding)
        if name not in UNDESCRIBED:
            holding.describe()
        ours[name] = ", ".join(sorted({finding.code for finding in defects(holding.data_dir)}))
        copies.append(holding.warc.rename(folder / f"{name}.warc.gz"))
    verdicts = {checker: _found(checker, copies, sound) for checker in CHECKERS}
    print(f"{'damage':30} {' '.join(f'{checker:9}' for checker in CHECKERS)} scrapy verify")
    for name in DAMAGE:
        seen = (f"{name}.warc.gz" in found for found in verdicts.values())
        marks = " ".join(f"{'found' if one else '-':9}" for one in seen)
        print(f"{name:30} {marks} {ours[name] or '-'}")
    counts = [f"{checker} {len(found)}" for checker, found in verdicts.items()]
    found = sum(bool(codes) for codes in ours.values())
    print(f"of {len(DAMAGE)} found: {', '.join(counts)}, scrapy verify {found}\n")
    return found == len(DAMAGE)


def tampering(folder: Path) -> bool:
    """What `scrapy verify` says of folders changed behind its back; True when it sees each as it
    should: all with the ledger, and in a copy all but what only signatures could show."""
    make_history(folder / "sound")
    is_sound, with_ledger, in_copies = not defects(folder / "sound"), 0, 0
    print(f"{'tampering':48} {'in a copy':30} with the ledger")
    for name, one in TAMPERINGS.items():
        spoiled = shutil.copytree(folder / "sound", folder / name)
        one.spoil(Folder(spoiled))
        seen = {finding.code for finding in defects(spoiled)}
        shutil.rmtree(spoiled / "state")
        copied = {finding.code for finding in defects(spoiled)}
        shutil.rmtree(spoiled)
        print(f"{name:48} {_listed(copied):30} {_listed(seen)}")
        is_sound &= one.code in seen and bool(copied) == one.in_copy
        with_ledger, in_copies = with_ledger + bool(seen), in_copies + bool(copied)
    print(f"of {len(TAMPERINGS)} found: {with_ledger}, in a copy without a ledger {in_copies}\n")
    return is_sound


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes)) or "-"


def _found(checker: str, damaged: list[Path], sound: Path) -> set[str]:
    """The files that a checker says more of than of a sound one, whose revisit it may misread."""
    check = CHECKERS[checker]
    usual = _core(check([sound]).get(sound.name, ""))
    return {name for name, says in check(damaged).items() if _core(says) != usual}


def _core(says: str) -> str:
    """A verdict without progress and ids."""
    return re.sub(r"<urn:uuid:[^>]*>", "<id>", says[max(0, says.find("Failed records")) :])


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
