"""The report of a survey: JSON for programs, a text for a person, a file for each proposal.

It holds what the site sent and what our code makes of it: no path, name or address of whoever made
it, so that the folder can be given away as it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler import __version__, regions
from crawler.clock import iso
from crawler.downloader.robots_rules import UnknownRulesError, bounded, rules_of
from crawler.storage import make_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.layouts import AcceptedLayouts
    from crawler.survey.analysis import Group, Survey
    from crawler.survey.crawl import Passed
    from crawler.survey.material import Material
    from crawler.survey.proposals import Proposal

SCHEMA_VERSION = 1
JSON_NAME = "report.json"
TEXT_NAME = "report.txt"
PROPOSALS = "layouts"

# Examples of a cluster's pages, and of pages that several layouts claim; the numbers count all.
_EXAMPLES = 10
_MOST_AMBIGUOUS = 100

# Characters of a robots.txt.
_LONGEST_ROBOTS = 2000

# Of each kind so many stand in the text, which a person reads; the JSON has all that are kept.
_DAMAGE_SHOWN = 20
_UNKNOWN_SHOWN = 5
_AMBIGUOUS_SHOWN = 5
_PAGES_SHOWN = 3
_FEATURES_SHOWN = 20
_LINES_SHOWN = 10
_TRIALS_SHOWN = 8
_LONGEST_SHOWN = 80


def build(
    survey: Survey,
    passed: Passed | None,
    accepted: AcceptedLayouts,
    *,
    agent: str,
    surveyed: Sequence[str],
    started_at: datetime,
    finished_at: datetime,
) -> dict[str, Any]:
    """The report; `passed` is None where archives were looked at and the network wasn't. `agent` is
    the name that robots.txt knows us by."""
    material = survey.material
    return {
        "schema_version": SCHEMA_VERSION,
        "crawler": __version__,
        "extractor_version": accepted.version,
        "started_at": iso(started_at),
        "finished_at": iso(finished_at),
        "reason": passed.reason if passed else "archives",
        "regions": list(surveyed),
        "hosts": _hosts(material, passed),
        "robots": _robots(material, agent),
        "sources": _sources(material),
        "not_understood": {
            kind: {
                "count": material.counts[f"foreign {kind}"],
                "examples": [{"what": what, "seen_on": where} for what, where in examples.items()],
            }
            for kind, examples in sorted(material.foreign.items())
        },
        "articles": _articles(survey),
        "clusters": [_cluster(group) for group in survey.groups],
        "damage": material.damage,
    }


def _hosts(material: Material, passed: Passed | None) -> dict[str, Any]:
    failures = passed.failures if passed else {}
    details = passed.details if passed else {}
    pace = passed.hosts if passed else {}
    found = {}
    for host in sorted({*material.statuses, *failures}):
        statuses = dict(material.statuses.get(host, {}))
        found[host] = {
            "answers": {str(status): statuses[status] for status in sorted(statuses)},
            "failures": dict(failures.get(host, {})),
            "why": {
                outcome: details[host, outcome]
                for outcome in failures.get(host, {})
                if (host, outcome) in details
            },
            "pace": pace.get(host),
        }
    return found


def _robots(material: Material, agent: str) -> dict[str, Any]:
    found = {}
    for url, (status, body) in sorted(material.robots.items()):
        origin = url.rpartition("/")[0]
        row: dict[str, Any] = {"status": status, "allows": None, "crawl_delay": None, "text": None}
        try:
            rules = rules_of(status, bounded(body.encode()))
        except UnknownRulesError as error:
            row["text"] = str(error)
        else:
            lists = [one for one in material.sources if one.startswith(f"{origin}/")]
            row["allows"] = {
                one: rules.can_fetch(one, agent) for one in [f"{origin}/", *lists[:_EXAMPLES]]
            }
            row["crawl_delay"] = rules.crawl_delay(agent)
            row["text"] = body[:_LONGEST_ROBOTS] if status == 200 else None
        found[url] = row
    return found


def _sources(material: Material) -> dict[str, list[dict[str, Any]]]:
    """The lists by region, in the order in which they answered."""
    found: dict[str, list[dict[str, Any]]] = {}
    for source in material.sources.values():
        region = regions.region_of_url(source.url)
        found.setdefault(region.code if region else "", []).append(asdict(source))
    return dict(sorted(found.items()))


def _articles(survey: Survey) -> dict[str, Any]:
    total = sum(survey.layouts.values())
    return {
        "pages": total + sum(survey.refused.values()),
        "layouts": {
            name: {"pages": count, "share": round(count / total, 4)}
            for name, count in survey.layouts.most_common()
        },
        "by_region": {code: dict(one) for code, one in sorted(survey.by_region.items())},
        "no_article": dict(survey.refused),
        "ambiguous": [
            {"url": url, "claimed_by": names} for url, names in survey.ambiguous[:_MOST_AMBIGUOUS]
        ],
    }


def _cluster(group: Group) -> dict[str, Any]:
    return {
        "pages": len(group.pages),
        "examples": group.pages[:_EXAMPLES],
        "regions": group.regions,
        "built_of": group.built_of,
        "proposal": _proposal(group.proposal) if group.proposal else None,
        "why_not": group.why_not,
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    layout, selectors = proposal.layout, proposal.layout.selectors
    return {
        "name": layout.name,
        "file": file_of(proposal),
        "claims": {"marks": list(layout.marks), "foreign": list(layout.foreign)},
        "selectors": {
            key: list(getattr(selectors, key)) for key in ("title", "time", "source", "body")
        },
        "furniture": {"cut": list(selectors.cut), "texts": sorted(selectors.furniture)},
        "notes": proposal.notes,
        "right": proposal.right,
        "tried": [
            {
                "url": trial.url,
                "made_of_it": trial.was_made_of,
                "agrees": trial.agrees,
                "gave": trial.gave,
            }
            for trial in proposal.trials
        ],
    }


def file_of(proposal: Proposal) -> str:
    """The file of a proposal in the folder."""
    return f"{PROPOSALS}/{proposal.layout.name}.toml"


def write(folder: Path, survey: Survey, told: Mapping[str, Any]) -> dict[str, Any]:
    """Write report, text and proposals; the report with the digests of the other files."""
    for group in survey.groups:
        if group.proposal:
            make_folder(folder / PROPOSALS)
            write_atomically(folder / file_of(group.proposal), group.proposal.toml.encode())
    text = "\n".join(text_lines(told)) + "\n"
    write_atomically(folder / TEXT_NAME, text.encode("utf-8", "replace"))
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != JSON_NAME:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            files.append({"path": name, "sha256": digest, "bytes": path.stat().st_size})
    whole = {**told, "files": files}
    content = json.dumps(whole, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    write_atomically(folder / JSON_NAME, content + b"\n")
    return whole


# --- the text ------------------------------------------------------------------------------------


def text_lines(told: Mapping[str, Any]) -> list[str]:
    """The report for a person."""
    span = f"{told['started_at']} to {told['finished_at']}"
    lines = [
        f"Survey of {', '.join(told['regions']) or 'archives'}, {span} ({told['reason']})",
        f"crawler {told['crawler']}, extractor {told['extractor_version']}",
        *_host_lines(told),
        *_robots_lines(told),
        *_source_lines(told),
        *_layout_lines(told),
    ]
    for number, cluster in enumerate(told["clusters"], start=1):
        lines += _cluster_lines(number, cluster)
    if told["damage"]:
        lines += ["", "Damaged:", *(f"  {one}" for one in told["damage"][:_DAMAGE_SHOWN])]
    return lines


def _host_lines(told: Mapping[str, Any]) -> list[str]:
    lines = ["", "Hosts"]
    for host, row in told["hosts"].items():
        answers = ", ".join(f"{n} × HTTP {status}" for status, n in row["answers"].items())
        failures = ", ".join(
            f"{n} × {name} ({row['why'].get(name, '')})" for name, n in row["failures"].items()
        )
        lines.append(f"  {host:28}  {'; '.join(filter(None, (answers, failures))) or 'nothing'}")
    return lines


def _robots_lines(told: Mapping[str, Any]) -> list[str]:
    lines = ["", "robots.txt"]
    for url, row in told["robots"].items():
        if row["allows"] is None:
            what = f"unknown rules: {row['text']}: the host is left alone"
        else:
            denied = [one for one, may in row["allows"].items() if not may]
            what = f"denies {', '.join(denied)}" if denied else "allows what was asked for"
        delay = f", Crawl-delay {row['crawl_delay']}" if row["crawl_delay"] else ""
        lines.append(f"  {urlsplit(url).netloc:28}  HTTP {row['status']}, {what}{delay}")
    return lines


def _source_lines(told: Mapping[str, Any]) -> list[str]:
    lines = ["", "Lists"]
    for code, sources in told["sources"].items():
        kinds: dict[str, list[int]] = {}
        for one in sources:
            kinds.setdefault(one["kind"], []).append(one["links"])
        counts = ", ".join(f"{len(n)} {kind} ({sum(n)} links)" for kind, n in sorted(kinds.items()))
        lines.append(f"  {code or 'of no region':12}  {counts}")
        for one in sources:
            if one["why"]:
                lines.append(f"    not understood: {one['url']}: {one['why']}")
            elif one["status"] != 200:
                lines.append(f"    HTTP {one['status']}: {one['url']}")
    if told["not_understood"]:
        lines += ["", "What no parser understands"]
    for kind, row in told["not_understood"].items():
        lines.append(f"  {row['count']} {kind}")
        lines += [
            f"    {one['what']}  (on {one['seen_on']})" for one in row["examples"][:_UNKNOWN_SHOWN]
        ]
    return lines


def _layout_lines(told: Mapping[str, Any]) -> list[str]:
    articles = told["articles"]
    lines = ["", f"Articles: {articles['pages']} pages"]
    for name, row in articles["layouts"].items():
        lines.append(f"  {name:20}  {row['pages']:6}  {row['share']:6.1%}")
    for kind, count in articles["no_article"].items():
        lines.append(f"  no article: {kind:8}  {count:6}")
    several = articles["ambiguous"][:_AMBIGUOUS_SHOWN]
    return [*lines, *(f"  claimed by {one['claimed_by']}: {one['url']}" for one in several)]


def _cluster_lines(number: int, cluster: Mapping[str, Any]) -> list[str]:
    codes = ", ".join(f"{code or '-'} {n}" for code, n in cluster["regions"].items())
    lines = ["", f"Cluster {number}: {cluster['pages']} pages that no layout claims ({codes})"]
    lines += [f"  {url}" for url in cluster["examples"][:_PAGES_SHOWN]]
    built_of = " ".join(cluster["built_of"][:_FEATURES_SHOWN]) or "nothing with a name"
    lines.append(f"  built of {built_of}")
    if cluster["proposal"] is None:
        return [*lines, f"  no layout is proposed: {cluster['why_not']}"]
    return [*lines, *_proposal_lines(cluster["proposal"])]


def _proposal_lines(proposal: Mapping[str, Any]) -> list[str]:
    lines = [
        f"  proposed: {proposal['name']} in {proposal['file']}",
        f"    claims pages with {' and '.join(proposal['claims']['marks'])}",
    ]
    if proposal["claims"]["foreign"]:
        lines.append(f"    and without {', '.join(proposal['claims']['foreign'])}")
    for key, found in proposal["selectors"].items():
        lines.append(f"    {key:8}  {', then '.join(found) or 'where such lines mostly stand'}")
    furniture = proposal["furniture"]
    lines.append(f"    cut       {', '.join(furniture['cut']) or 'nothing'}")
    texts = furniture["texts"][:_LINES_SHOWN]
    lines += [f"    cut line  {text[:_LONGEST_SHOWN]}" for text in texts]
    lines += [f"    note: {note}" for note in proposal["notes"]]
    tried = proposal["tried"]
    unseen = [one for one in tried if not one["made_of_it"]]
    lines.append(
        f"    tried on {len(tried)} pages, {len(unseen)} of them not used for it: "
        f"nothing contradicts it on {proposal['right']}"
    )
    lines += [line for one in tried[:_TRIALS_SHOWN] for line in _trial_lines(one)]
    return lines


def _trial_lines(one: Mapping[str, Any]) -> list[str]:
    gave = one["gave"]
    wrong = [key for key, agrees in one["agrees"].items() if agrees is False]
    doubt = f"  WRONG: {', '.join(wrong)}" if wrong else ""
    if "refused" in gave:
        return [f"      {one['url']}{doubt}", f"        {gave['refused']}"]
    return [
        f"      {one['url']}{doubt}",
        f"        {gave['title']} | {gave['published_at']} | {gave['source']} | "
        f"{gave['paragraphs']} paragraphs, {gave['images']} pictures",
        f"        {gave['begins']} … {gave['ends']}",
    ]
