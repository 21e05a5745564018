"""The JSON Schemas of a published line, as they are shipped beside this module: one for each schema
version."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from crawler.items import SCHEMA_VERSION

# The newest under the plain name.
FILES = {1: "article-1.schema.json", SCHEMA_VERSION: "article.schema.json"}


@cache
def line_schema(schema_version: int = SCHEMA_VERSION) -> dict[str, Any]:
    """The schema of a line of this version (DATA_FORMAT.md says what the keys mean). Raises
    KeyError for one that isn't known."""
    text = resources.files(__package__).joinpath(FILES[schema_version]).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
