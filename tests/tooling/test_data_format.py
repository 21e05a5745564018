"""DATA_FORMAT.md lists exactly the keys, outcomes, flags and report keys that the code has."""

from __future__ import annotations

import json
import re
import types
import typing
from dataclasses import fields, is_dataclass

import pytest
from scrapy.utils.project import get_project_settings

from crawler import items
from crawler.archive.writer import Exchange, Tls, _metadata
from crawler.clock import now
from crawler.coverage import sightings
from crawler.export_formats import csv_table, json_ld, parquet, plain_text, zyte
from crawler.exporters import pictures
from crawler.exporters.report import build_report
from crawler.items import HISTORY_KEYS, KEYS, VERSIONED_KEYS, Article, WarcPointer
from crawler.layouts import LAYOUTS
from crawler.ledger.ledger import Ledger
from crawler.outcomes import Outcome, PictureOutcome
from crawler.pipelines.normalisation import FlagName
from crawler.runner.run import warc_info
from tests.conftest import PROJECT
from tests.tooling.markdown import ROW

if typing.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCUMENT = (PROJECT / "DATA_FORMAT.md").read_text()
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
QUOTED = re.compile(r"`([a-z0-9_]+)`")


def listed(document: str, section: str) -> list[str]:
    """The first column of a section's table."""
    return ROW.findall(dict(SECTION.findall(document))[section])


def sentence_keys(document: str, opening: str) -> list[str]:
    """The quoted names of the paragraph that opens so."""
    paragraph = document[document.index(opening) + len(opening) :].partition("\n\n")[0]
    return QUOTED.findall(paragraph)


def paths(owner: type, names: typing.Iterable[str], prefix: str = "") -> typing.Iterator[str]:
    """`a`, `a.b`, `c[]`, `c[].d` for a dataclass's fields and those of the dataclasses inside.

    A pointer is spelt out once, at `warc`.
    """
    hints = typing.get_type_hints(owner, vars(items))
    for name in names:
        hint = hints[name]
        inner = list(typing.get_args(hint)) if isinstance(hint, types.UnionType) else [hint]
        kind = next(option for option in inner if option is not type(None))
        path = prefix + name
        if typing.get_origin(kind) is list:
            path += "[]"
            (kind,) = typing.get_args(kind)
        yield path
        if is_dataclass(kind) and (kind is not WarcPointer or path == "warc"):
            assert isinstance(kind, type)
            yield from paths(kind, [field.name for field in fields(kind)], f"{path}.")


def test_the_keys_of_a_line_are_listed_in_their_order() -> None:
    assert listed(DOCUMENT, "An article line") == list(paths(Article, KEYS))


def test_the_keys_of_a_sighting_are_listed() -> None:
    assert [name.removesuffix("[]") for name in listed(DOCUMENT, "A sighting line")] == list(
        sightings.KEYS
    )


def test_the_keys_and_outcomes_of_a_picture_are_listed() -> None:
    listing = listed(DOCUMENT, "A picture line")
    assert listing[: len(pictures.KEYS)] == list(pictures.KEYS)
    section = dict(SECTION.findall(DOCUMENT))["A picture line"]
    of_outcomes = section[section.index("| outcome |") :]
    rows = [line.partition(" | ")[0] for line in of_outcomes.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in QUOTED.findall(row)] == list(PictureOutcome)


def test_the_keys_of_a_certificate_are_listed() -> None:
    text = (PROJECT / "crawler" / "coverage" / "certificate.schema.json").read_text()
    schema = json.loads(text)
    keys = [name.removesuffix("[]") for name in listed(DOCUMENT, "A certificate")]
    of_region = [f"regions.{name}" for name in schema["$defs"]["region"]["required"]]
    implied = ["regions.implied[].kind", "regions.implied[].covered"]
    at = of_region.index("regions.implied") + 1
    of_region[at:at] = implied
    assert keys == [*schema["required"], *of_region, "regions.added"]


def test_the_keys_of_history_and_of_a_version_are_named() -> None:
    history = "These keys tell an article's history and come from the crawler's ledger:"
    assert set(sentence_keys(DOCUMENT, history)) == HISTORY_KEYS
    version = "A change in one of these makes a new version:"
    assert sentence_keys(DOCUMENT, version) == list(VERSIONED_KEYS)


def test_the_outcomes_are_listed() -> None:
    assert listed(DOCUMENT, "Outcomes") == [str(outcome) for outcome in Outcome]


def test_the_flags_are_listed() -> None:
    assert listed(DOCUMENT, "Flags") == [str(flag) for flag in FlagName]


def test_the_layouts_are_listed() -> None:
    assert listed(DOCUMENT, "Layouts") == [*(layout.name for layout in LAYOUTS), "fallback"]


def test_the_fields_of_warcinfo_and_metadata_are_listed() -> None:
    exchange = Exchange(
        "http://js.news.cn/", now(), b"", b"", 1, via="a", hop="L", discovered_from="a",
        tls=Tls("TLSv1.3", "0"),
    )  # fmt: skip
    metadata = [line.partition(":")[0] for line in _metadata(exchange).decode().splitlines()]
    names = [*warc_info(get_project_settings()), "run-id", *metadata]
    assert listed(DOCUMENT, "The WARC files") == names


def test_the_keys_of_the_run_report_are_listed(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    report = build_report(
        ledger,
        run_id="none",
        started_at=now(),
        finished_at=now(),
        command="",
        narrowed=False,
        reason="",
        seq=1,
        parts=0,
        files=(),
        stats={},
    )
    ledger.close()
    assert listed(DOCUMENT, "The run report") == list(report)


@pytest.mark.parametrize("row", ["| `kicker` |", "| `warc.offset` |", "| `images[].credit` |"])
def test_a_missing_key_is_found(row: str) -> None:
    doctored = DOCUMENT.replace(row, "| kicker |")
    assert doctored != DOCUMENT
    assert listed(doctored, "An article line") != list(paths(Article, KEYS))


@pytest.mark.parametrize(
    ("section", "row"),
    [
        ("Outcomes", "| `soft_404` |"),
        ("Flags", "| `region_conflict` |"),
        ("Layouts", "| `fallback` |"),
        ("The WARC files", "| `via` |"),
        ("The run report", "| `alarms` |"),
    ],
)
def test_a_missing_name_is_found(section: str, row: str) -> None:
    doctored = DOCUMENT.replace(row, "| forgotten |")
    assert doctored != DOCUMENT
    assert listed(doctored, section) != listed(DOCUMENT, section)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("CSV", csv_table.csv_columns),
        ("JSON-LD", json_ld.json_ld_columns),
        ("zyte-common-items", zyte.zyte_columns),
        ("Text", plain_text.text_columns),
    ],
)
def test_the_columns_of_an_export_are_listed(
    name: str, columns: Callable[[], dict[str, str]]
) -> None:
    """Each with the key of a line that it shows, which is one of those above."""
    section = dict(re.findall(r"^### (.+)\n((?:(?!### ).*\n)*)", DOCUMENT, re.MULTILINE))[name]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section, re.MULTILINE)
    assert dict(rows) == columns()
    assert {path for _, path in rows} <= {*paths(Article, KEYS), "revision"}


def test_the_columns_that_parquet_adds_are_listed() -> None:
    section = DOCUMENT[DOCUMENT.index("### Parquet") : DOCUMENT.index("### CSV")]
    assert ROW.findall(section) == [name for name in parquet.parquet_columns() if name not in KEYS]
