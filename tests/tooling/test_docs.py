"""Every command, program and query that the documents show is run, against a real crawl's output.

The project is copied to a folder with a blank in its name; the README's own live command fills its
`data/` from the loopback site. What a document shows in a language that is not run fails the test.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import tomllib
from configparser import ConfigParser
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest

import crawler.commands
from crawler import regions, settings
from crawler.arguments import NAMES
from crawler.exit_codes import DEGRADED, ERROR, LOCKED, NO_LISTS, OK, STORAGE, USAGE
from crawler.layouts.accepted import parse_layout
from tests.conftest import PROJECT
from tests.scrapy_process import programs
from tests.site.certs import Authority
from tests.tooling.markdown import (
    ROW,
    blocks,
    documents,
    is_of_machines,
    is_recipe,
    links,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Postgres
    from tests.tooling.markdown import Block

HOME = "/srv/xinhua-archive"
# json: certificates, which tests/coverage/test_certificates.py holds against their schema.
LANGUAGES = {"sh", "python", "sql", "toml", "crontab", "ini", "logrotate", "nginx", "json", "yaml"}
LIVE = "scrapy crawl xinhua"
FAST = f"{LIVE} -s DOWNLOAD_DELAY=0 -a regions=js,he"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, proxy: dict[str, str]) -> Iterator[Path]:
    """A copy of the project in which the README's live command has run."""
    copy = tmp_path_factory.mktemp("docs") / "a checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "crawler", copy / "crawler", ignore=ignored)
    for path in (
        *PROJECT.glob("requirements*.lock"),
        PROJECT / "scrapy.cfg",
        PROJECT / "Makefile",
        PROJECT / "DATA_FORMAT.md",
    ):
        shutil.copy(path, copy)
    (copy / "tests" / "browser").mkdir(parents=True)  # the Makefile looks for it where npm is
    shutil.copy(PROJECT / "tests" / "browser" / "package-lock.json", copy / "tests" / "browser")
    (copy / ".venv").mkdir()
    (live,) = [block for block in blocks("sh") if f"{LIVE} " in block.text]
    with programs(copy / ".venv" / "bin", copy):
        done = shell(live.text, copy, proxy)
        assert done.returncode == 0, done.stderr
        yield copy


def shell(
    command: str, folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as it stands, but for pauses, regions the site doesn't play, and the folder."""
    command = command.replace(LIVE, FAST).replace(HOME, f"'{folder}'")
    command = command.replace("scrapy work", "scrapy work -s DOWNLOAD_DELAY=0")
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", command],
        cwd=folder,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def cases(language: str) -> list[pytest.ParameterSet]:
    found = [block for block in blocks(language) if not (is_recipe(block) or is_of_machines(block))]
    return [pytest.param(block, id=str(block)) for block in found]


def test_every_block_is_in_a_language_that_is_run() -> None:
    assert {block.language for block in blocks()} == LANGUAGES


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    folder = (PROJECT / document).parent
    assert [target for target in links(document) if not (folder / target).exists()] == []


def test_the_files_named_to_contributors_are_there() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    told = text[text.rindex("|---|---|") :]
    named = re.findall(r"`([a-z_/]+(?:/|\.py|\.json|\.toml))`", told)
    assert len(named) > 60
    folders = (PROJECT / "crawler", PROJECT)
    assert [name for name in named if not any((one / name).exists() for one in folders)] == []


def test_no_command_names_the_files_of_all_runs() -> None:
    """After five years they are more than the kernel takes as arguments."""
    globs = re.compile(r"runs/\*\.json|(?:jsonl|warc|sightings)/\*/\*/\*")
    assert [block for block in blocks("sh") if globs.search(block.text)] == []


@pytest.mark.parametrize("block", cases("sh"))
def test_shell_commands_run(
    block: Block, checkout: Path, proxy: dict[str, str], request: pytest.FixtureRequest
) -> None:
    for name in re.findall(r"^(?:jq|flock)\b", block.text, re.MULTILINE):
        tool(name)
    commands = re.sub(r"^make ", "make --dry-run ", block.text, flags=re.MULTILINE)
    env = dict(proxy)
    if "createdb" in commands:
        server: Postgres = request.getfixturevalue("postgres")
        commands = commands.replace("//localhost/", f"//{server.address}/")
        env |= server.environment
    done = shell(commands, checkout, env)
    assert done.returncode == 0, done.stderr


def test_the_crontab_line_runs_as_cron_runs_it(checkout: Path, proxy: dict[str, str]) -> None:
    first, *others = [block.text for block in blocks("crontab")]
    assert others == [first]
    *when, command = first.strip().split(" ", 5)
    assert len(when) == 5
    assert "%" not in command
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace(LIVE, FAST).replace(HOME, f"'{checkout}'")],
        cwd="/",
        env={"HOME": "/", "PATH": "/usr/bin:/bin", "PYTHONPATH": os.environ["PYTHONPATH"]} | proxy,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    newest = max((checkout / "data" / "runs").glob("*.json"))
    report = json.loads(newest.read_text())
    assert report["exit_code"] == 0
    (warc,) = (checkout / "data" / "warc").glob(f"*/*/*{report['run_id']}*.warc.gz")
    assert b"operator: archive@example.org" in gzip.decompress(warc.read_bytes())
    assert (checkout / "data" / "crawl.log").stat().st_size


def tool(name: str) -> str:
    """A system tool's path; the test is skipped without it, on CI it fails."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed: .ci/run is to see to that")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_systemd_units_start_the_same_program() -> None:
    units = ConfigParser(strict=False, interpolation=None)
    units.optionxform = str  # type: ignore[assignment,method-assign]
    units.read_string(blocks("ini")[0].text)
    service = units["Service"]
    folder, _, command = service["ExecStart"].partition("/.venv/")
    assert (folder, service["WorkingDirectory"]) == (HOME, HOME)
    assert service["ReadWritePaths"] == f"{HOME}/data"
    (crontab, *_) = [block.text for block in blocks("crontab")]
    assert f".venv/{command} " in crontab
    assert service["Environment"] in crontab
    assert service["SuccessExitStatus"] == str(LOCKED)
    assert units["Unit"]["OnFailure"] == UNITS[2]


UNITS = ("xinhua-archive.service", "xinhua-archive.timer", "xinhua-archive-failed.service")


def systemd_says(texts: list[str], folder: Path, home: Path) -> str:
    """What systemd finds wrong with the units, in its own words."""
    for name, text in zip(UNITS, texts, strict=True):
        (folder / name).write_text(text.replace(HOME, str(home)))
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", *(folder / name for name in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "\n".join(line for line in done.stderr.splitlines() if "xinhua-archive" in line)


def test_systemd_takes_the_units(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.symlink_to(checkout)
    service, timer, failed = (block.text for block in blocks("ini"))
    assert systemd_says([service, timer, failed], tmp_path, home) == ""
    spoilt = service.replace("ProtectSystem", "ProtectSytem").replace("bin/scrapy", "bin/scarpy")
    never = timer.replace("*-*-* *:45:00", "sometimes")
    said = systemd_says([spoilt, never, failed], tmp_path, home)
    assert "ProtectSytem" in said
    assert "scarpy is not executable" in said
    assert "xinhua-archive.timer:" in said


def test_logrotate_turns_the_log_that_cron_writes(tmp_path: Path) -> None:
    (block,) = blocks("logrotate")
    (crontab, *_) = [block.text for block in blocks("crontab")]
    path = re.search(r"--logfile (\S+)", crontab)
    assert path
    assert block.text.startswith(f"{HOME}/{path[1]} {{")
    log = tmp_path / path[1]
    log.parent.mkdir()
    log.write_text("a line\n")
    configuration = tmp_path / "logrotate.conf"
    configuration.write_text(block.text.replace(HOME, str(tmp_path)))
    configuration.chmod(0o644)
    for _ in range(3):
        done = subprocess.run(
            [tool("logrotate"), "--force", "--state", tmp_path / "state", configuration],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        log.write_text("the next run's\n")
    kept = sorted(path.name for path in log.parent.iterdir())
    assert kept == ["crawl.log", "crawl.log.1", "crawl.log.2.gz", "crawl.log.3.gz"]


def test_nginx_takes_the_reverse_proxy(tmp_path: Path) -> None:
    (block,) = blocks("nginx")
    certificate, key = re.findall(r"ssl_certificate(?:_key)? (\S+);", block.text)
    Authority(tmp_path).context("archive.example.org")
    pem = str(tmp_path / "0.pem")
    text = block.text.replace(certificate, pem).replace(key, pem)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {tmp_path};" for kind in kinds)
    configuration = tmp_path / "nginx.conf"
    http = f"http {{ access_log off; {paths}{text} }}"
    configuration.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} {http}")
    done = subprocess.run(
        [tool("nginx"), "-t", "-q", "-e", "stderr", "-c", configuration],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_region_loads(tmp_path: Path) -> None:
    (block,) = (one for one in blocks("toml") if one.document == "docs/add-a-region.md")
    (tmp_path / "js.toml").write_text(block.text)
    region = regions.load(tmp_path)["js"]
    assert region.name == "江苏"
    listed = ROW.findall((PROJECT / "docs" / "add-a-region.md").read_text())
    fields = set(regions.Region.__dataclass_fields__) - {"code"}
    assert set(listed) == fields
    assert set(tomllib.loads(block.text)) <= fields


def test_the_example_layout_can_be_accepted() -> None:
    (block,) = (one for one in blocks("toml") if one.document == "docs/first-contact.md")
    assert parse_layout(block.text.encode()).name == "Story2030"


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md"])
def test_the_exit_codes_are_those_of_a_run(document: str) -> None:
    codes = re.findall(r"^\| (\d+) \|", (PROJECT / document).read_text(), re.MULTILINE)
    known = [OK, ERROR, USAGE, DEGRADED, NO_LISTS, STORAGE, LOCKED]
    assert codes == [str(code) for code in known]


def test_the_readme_lists_the_arguments_and_commands() -> None:
    text = (PROJECT / "README.md").read_text()
    table = text[text.index("| `-a` argument |") : text.index("| command |")]
    assert ROW.findall(table) == list(NAMES)
    commands = re.findall(r"^\| `scrapy (\w+)", text, re.MULTILINE)
    modules = iter_modules(crawler.commands.__path__)
    names = [
        name
        for _, name, _ in modules
        if hasattr(import_module(f"crawler.commands.{name}"), "Command")
    ]
    assert sorted([*commands, "crawl"]) == names


def test_the_settings_have_the_defaults_they_are_said_to_have() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text()
    table = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", text, re.MULTILINE)
    assert len(table) > 5
    said = {name: default for name, default in table if name not in {"DATA_DIR", "CONTACT"}}
    assert said == {name: str(getattr(settings, name)) for name in said}
