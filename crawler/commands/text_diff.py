"""A readable difference of two records or Chinese texts: by paragraph, then by character and word.

In: a field of two records, or two lists of paragraphs. Out: lines, with `[-taken out-]` and
`{+put in+}`.
"""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Longer passages are shown whole, before and after: comparing takes the square of the length.
MAX_TOKENS = 4000

_TOKEN = re.compile(r"[A-Za-z]+|[0-9][0-9.,:%-]*|\s+|.", re.ASCII | re.DOTALL)
_SHORT = 2  # characters: a shorter match between two changes only breaks up the reading


def of_fields(
    fields: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """The changes of each field, under its name."""
    for field in fields:
        yield f"    {field}:"
        changes = difference(_paragraphs(before, field), _paragraphs(after, field))
        yield from (f"        {line}" for line in changes)


def _paragraphs(record: Mapping[str, Any], field: str) -> list[str]:
    """A field as paragraphs to compare: the body's own, one per item of a list, else one."""
    value = record.get(field)
    if field == "body":
        return list(record["paragraphs"] or ([value] if value else []))
    if isinstance(value, list):
        return [item if isinstance(item, str) else _item(item) for item in value]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False)]
    return [] if value is None else [str(value)]


def _item(item: dict[str, Any]) -> str:
    """A person, image, video or attachment on one line; its place in the body doesn't count."""
    return " ".join(str(value) for key, value in item.items() if value and key != "position")


def difference(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The changed paragraphs, marked, with how many unchanged ones stand between them."""
    matcher = SequenceMatcher(None, before, after)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            count = last - first
            yield f"({count} unchanged paragraph{'s' if count > 1 else ''})"
        else:
            yield from _passage("\n".join(before[first:last]), "\n".join(after[start:end]))


def _passage(before: str, after: str) -> Iterator[str]:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if not old or not new or len(old) + len(new) > MAX_TOKENS:
        marked = _marked(before, after)
    else:
        marked = "".join(_marks(old, new))
    yield from marked.split("\n")


def _marks(old: list[str], new: list[str]) -> Iterator[str]:
    """Equal text as it is, changes marked; matches too short to read join the changes."""
    out, put = "", ""
    for tag, first, last, start, end in SequenceMatcher(None, old, new, False).get_opcodes():
        was, now = "".join(old[first:last]), "".join(new[start:end])
        is_inside = bool(out or put) and (last < len(old) or end < len(new))
        if tag == "equal" and not (is_inside and len(was) < _SHORT):
            yield _marked(out, put) + was
            out, put = "", ""
        else:
            out, put = out + was, put + now
    yield _marked(out, put)


def _marked(out: str, put: str) -> str:
    return (f"[-{out}-]" if out else "") + (f"{{+{put}+}}" if put else "")
