"""The digest of an article's content, and which of its fields changed.

Only the keys that make a version count, of images only address and caption. White space does not
count, so a page that is only laid out anew keeps its digest. Encoding and boilerplate are no
content.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from crawler.items import VERSIONED_KEYS, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.pipelines.normalisation import Normalisation

_OF_IMAGES = ("url", "caption")
_NOT_CONTENT = frozenset({"position"})
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def set_digest(current: Normalisation) -> Normalisation:
    """The same with `content_sha256`."""
    record = {key: plain(getattr(current.article, key)) for key in VERSIONED_KEYS}
    return current.with_values(content_sha256=content_sha256(record))


def content_sha256(record: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the canonical JSON of a record's versioned keys."""
    content = {key: _essence(key, record[key]) for key in VERSIONED_KEYS}
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


def changed_fields(old_record: Mapping[str, Any], new_record: Mapping[str, Any]) -> list[str]:
    """The versioned keys that differ, in contract order; [] exactly when the digests are equal."""
    return [
        key
        for key in VERSIONED_KEYS
        if _essence(key, old_record[key]) != _essence(key, new_record[key])
    ]


def _essence(key: str, value: Any) -> Any:
    """A field's value without what makes no version."""
    if isinstance(value, str):
        return "".join(value.split())
    if isinstance(value, list):
        return [_essence(key, each) for each in value]
    if isinstance(value, dict):
        kept = _OF_IMAGES if key == "images" else [k for k in value if k not in _NOT_CONTENT]
        return {name: _essence(key, value[name]) for name in kept}
    return value
