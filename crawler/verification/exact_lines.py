"""What a line of `data/sightings/` or `data/images/` says, if it is written as such lines are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawler.items import as_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def read_exactly(
    line: bytes,
    keys: Sequence[str],
    kind: str,
    fault_of: Callable[[Mapping[str, Any]], str | None],
) -> tuple[dict[str, Any] | None, str | None]:
    """The line's object, or None and what is wrong with it: no JSON, other keys or another order,
    what `fault_of` says of its values, or other bytes than we would write. `kind` names such a
    line in a sentence: a sighting."""
    try:
        told = json.loads(line)
    except ValueError as error:
        return None, f"no JSON: {error}"
    if not isinstance(told, dict) or tuple(told) != tuple(keys):
        return None, f"its keys are not those of {kind}"
    fault = fault_of(told)
    if fault is None and as_line(told) != line:
        fault = f"it isn't written as {kind} is"
    return (None, fault) if fault else (told, None)
