"""The closed list of flags: contradictions in a page's own evidence."""

from __future__ import annotations

from enum import StrEnum


class FlagName(StrEnum):
    """What `flags[].flag` may say; DATA_FORMAT.md documents the names."""

    UNKNOWN_LAYOUT = "unknown_layout"  # no layout claims the page: read by the fallback
    AMBIGUOUS_LAYOUT = "ambiguous_layout"  # several claim it: read by the fallback
    IDENTITY_CONFLICT = "identity_conflict"  # address and codes name different articles
    REGION_CONFLICT = "region_conflict"  # host and channel code name different regions
    PUBLISHED_CONFLICT = "published_conflict"  # dates of one page more than a day apart
    INVALID_VALUE = "invalid_value"  # a value outside the contract was made null
