"""Column types that mean the same on every database.

Aware datetimes are stored as text in UTC (ISO 8601), outcomes by name, WARC pointers as JSON.
"""

# ruff: noqa: ARG002  (the dialect is part of the signatures)
from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, String
from sqlalchemy.types import TypeDecorator

from crawler.items import WarcPointer
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def as_stored(value: Any) -> Any:
    """A value as it is read back: times in UTC, to the second."""
    is_time = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC).replace(microsecond=0) if is_time else value


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, to the second, as `2026-01-31T08:00:00Z`, which sorts as text."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a time without a zone: {value}"
            raise ValueError(message)
        return value.astimezone(UTC).strftime(_FORMAT)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class OutcomeName(TypeDecorator[Outcome]):
    """An Outcome by its name."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Outcome | None, dialect: Dialect) -> str | None:
        return None if value is None else Outcome(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Outcome | None:
        return None if value is None else Outcome(value)


class Pointers(TypeDecorator[tuple[WarcPointer, ...]]):
    """WARC pointers in page order, as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> list[dict[str, Any]]:
        return [asdict(pointer) for pointer in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[WarcPointer, ...]:
        return tuple(WarcPointer(**pointer) for pointer in value or ())
