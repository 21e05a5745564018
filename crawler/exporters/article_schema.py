"""The JSON Schema of a published line, as it is shipped beside this module."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def line_schema() -> dict[str, Any]:
    """The schema of the newest version of a line (DATA_FORMAT.md says what the keys mean)."""
    text = resources.files(__package__).joinpath("article.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
