"""Citations of a version, as programs of others read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import bibtexparser
import rispy
from citeproc.source.json import CiteProcJSON

if TYPE_CHECKING:
    from tests.room.served import Served


def test_citations_are_read_by_others(room: Served) -> None:
    lines = [one for one in room.lines if one["status"] != "gone" and one["reporters"]]
    for line in (lines[0], lines[-1], room.hostile):
        base = f"/articles/{line['id']}/{line['version']}"
        pointer = line["warc"]["entity_sha256"]
        address = f"{room.base}{base}"
        (entry,) = bibtexparser.parse_string(room.get(f"{base}/cite.bib").text).entries
        assert entry.entry_type == "online"
        assert entry["url"] == line["url"]
        assert pointer in entry["note"]
        assert entry["eprint"] == address
        (ris,) = rispy.loads(room.get(f"{base}/cite.ris").text)
        assert ris["type_of_reference"] == "NEWS"
        assert ris["title"] == line["title"]
        assert ris["urls"] == [line["url"]]
        assert pointer in ris["notes"][0]
        items = json.loads(room.get(f"{base}/cite.json").body)
        source = CiteProcJSON(items)
        (key,) = source
        assert str(source[key].title) == line["title"]
        assert items[0]["archive_location"] == address
        assert pointer in items[0]["note"]
        text = room.get(f"{base}/cite.txt").text
        assert line["url"] in text
        assert pointer in text
    assert room.get(f"/articles/{lines[0]['id']}/1/cite.doc").status == 404
