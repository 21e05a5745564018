"""Make `crawler/search/traditional.toml` from OpenCC's dictionaries, or compare it with them.

    python -m tests.search.make_traditional

Needs `opencc` of the dev group. What the file says is what OpenCC's t2s makes of each character by
itself, and of the phrases in which a character becomes another than by itself.
"""

from __future__ import annotations

import subprocess
import tempfile
import textwrap
from pathlib import Path

import opencc

from crawler.search.folding import TABLE

_HAN = ((0x3400, 0xA000), (0x20000, 0x2FA20), (0x30000, 0x33480))
# 么么 has two meanings; 坏 is OpenCC's variant of 坯, but everybody's simplified 壞.
_LEFT_OUT = ("么", "坏")
_WIDTH = 90  # characters of Han a line

_HEAD = f"""\
# Traditional characters and phrases, and their simplified forms, in one order: what `folding.py`
# reads. From the dictionaries of OpenCC {opencc.__version__} (t2s; https://github.com/BYVoid/OpenCC,
# Apache-2.0), by tests/search/make_traditional.py. A change of it needs another FOLDING.
"""


def made() -> str:
    """The text of the file."""
    convert = opencc.OpenCC("t2s").convert
    characters = [chr(code) for start, end in _HAN for code in range(start, end)]
    simple = convert("\n".join(characters)).split("\n")
    pairs = {one: other for one, other in zip(characters, simple, strict=True) if one != other}
    assert all(len(other) == 1 for other in pairs.values())
    table = str.maketrans(pairs)
    phrases: dict[str, str] = {}
    for phrase, other in sorted(_phrases(), key=lambda pair: (len(pair[0]), pair)):
        shorter = phrase
        for known, its in phrases.items():
            shorter = shorter.replace(known, its)
        by_itself = {phrase.translate(table), shorter.translate(table)}
        is_left_out = any(character in phrase for character in _LEFT_OUT)
        if other.translate(table) not in by_itself and not is_left_out:
            phrases[phrase] = other
    lists = {
        "characters": ("".join(pairs), "".join(pairs.values())),
        "phrases": (" ".join(phrases), " ".join(phrases.values())),
    }
    parts = [_HEAD]
    for name, (old, new) in lists.items():
        parts.append(f'\n[{name}]\ntraditional = """\\\n{_wrapped(old)}"""\n')
        parts.append(f'simplified = """\\\n{_wrapped(new)}"""\n')
    return "".join(parts)


def _wrapped(text: str) -> str:
    """Lines of bounded width, each ended by a backslash so that TOML joins them again."""
    if " " in text:
        rows = [f"{row} " for row in textwrap.wrap(text, _WIDTH // 2, break_long_words=False)]
    else:
        rows = [text[start : start + _WIDTH // 2] for start in range(0, len(text), _WIDTH // 2)]
    return "".join(f"{row}\\\n" for row in rows)


def _phrases() -> list[tuple[str, str]]:
    folder = Path(opencc.__file__).parent / "clib"
    with tempfile.TemporaryDirectory() as temporary:
        text = Path(temporary) / "phrases.txt"
        source = folder / "share" / "opencc" / "TSPhrases.ocd2"
        command = [folder / "bin" / "opencc_dict", "-i", source, "-o", text, "-f", "ocd2"]
        subprocess.run([*command, "-t", "text"], check=True, capture_output=True)
        rows = [row.split("\t") for row in text.read_text("utf-8").splitlines()]
    return [(phrase, others.split(" ")[0]) for phrase, others in rows]


if __name__ == "__main__":
    TABLE.write_text(made(), "utf-8")
