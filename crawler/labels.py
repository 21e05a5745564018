"""The labels of a page's values (来源, 责任编辑, 记者, …) as patterns.

The words are in labels.toml. What is here are parts of regular expressions, without groups of their
own, for the modules that look for labels: pages and layouts, lists, pipelines. Each module says
what must stand around the label.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

_TABLE: dict[str, dict[Any, str]] = tomllib.loads(
    Path(__file__).with_name("labels.toml").read_text(encoding="utf-8")
)
_SITE, _BEFORE_SITE = _TABLE["site"], _TABLE["before_site"]
_BARE, _WITH_COLON = _TABLE["bare"], _TABLE["with_colon"]


def any_of(*rows: str) -> str:
    """A pattern of the rows' words, longest first, so that 总编辑 is not taken for 总编."""
    return "|".join(sorted(" ".join(rows).split(), key=len, reverse=True))


def with_blanks(*rows: str) -> str:
    """The same, where each word may have a blank between any two characters (作 者)."""
    return "|".join(r"\s?".join(word) for word in any_of(*rows).split("|"))


# What ends a label. The site also draws a line between label and name: 责编｜张三, 编辑/ 张三. Bars
# in ASCII and slashes part links as well: behind 来源 and 作者 they prove no label.
COLON: Final = "[:：丨｜]"
COLON_OR_BAR: Final = "[:：丨｜|/／]"

SOURCE: Final = with_blanks(_SITE["source"], _SITE["origin"])
SOURCE_BUT_ORIGIN: Final = with_blanks(_SITE["source"])
SOURCE_KIND: Final = any_of(_BEFORE_SITE["source"])

# 来自 and 转自 are ordinary words unless a colon follows.
SOURCE_FROM: Final = "来自|转自"

DUTY_EDITOR: Final = with_blanks(_SITE["duty_editor"])
EDITOR: Final = with_blanks(_SITE["duty_editor"], _SITE["editor"])
CHECKER: Final = with_blanks(
    _BARE["checker"], _WITH_COLON["checker"], *_TABLE["ends_value"].values()
)
AUTHOR: Final = with_blanks(_SITE["author"])
WRITER: Final = with_blanks(_SITE["author"], _SITE["reporter"], _SITE["correspondent"])
REPORTER: Final = any_of(_SITE["reporter"], _SITE["correspondent"])

TIME: Final = any_of(_SITE["time"])
TIME_KIND: Final = any_of(*(_BEFORE_SITE[row] for row in ("published", "updated", "entered")))

# Words printed for films alone.
FILM: Final = any_of(_WITH_COLON["film"])

# The labels in lines of credits by the function they give a person: those that need no colon, and
# those that do.
CREDITS_BARE: Final[dict[Any, str]] = {
    "duty_editor": f"{_SITE['duty_editor']} {_BARE['duty_editor']}",
    "checker": _BARE["checker"],
    "commentator": f"{_BARE['commentator']} {_BARE['observer']}",
    "correspondent": _SITE["correspondent"],
    "reporter": f"{_SITE['reporter']} {_BARE['trainee']} {_BARE['reporter']}",
    "author": _SITE["author"],
    "photographer": _BARE["photographer"],
}
CREDITS_WITH_COLON: Final[dict[Any, str]] = {
    "duty_editor": _WITH_COLON["duty_editor"],
    "editor": f"{_SITE['editor']} {_WITH_COLON['editor']}",
    "checker": f"{_WITH_COLON['checker']} {_WITH_COLON['head']}",
    "crew": f"{_WITH_COLON['film']} {_WITH_COLON['crew']} {_SITE['source']}",
    "photographer": _WITH_COLON["photographer"],
    "reporter": _WITH_COLON["reporter"],
    "author": _WITH_COLON["author"],
}
BEFORE_CREDIT: Final = any_of(_TABLE["before"]["words"])

_PHOTO = _TABLE["photo"]
PHOTO_DONE: Final = any_of(_PHOTO["done"])
PHOTO_LABEL: Final = any_of(_PHOTO["label"])
PHOTO_AGENCY: Final = any_of(_PHOTO["agency"])
PHOTO_FOREIGN_AGENCY: Final = any_of(_PHOTO["foreign_agency"])
PHOTO_LIBRARY: Final = any_of(_PHOTO["library"]).replace("_", " ")
PHOTO_KIND: Final = f"(?:{any_of(_PHOTO['kind'])})?(?:{any_of(_PHOTO['picture'])})"

# Whoever reports or comments needs no colon even where the name is an unusual one.
REPORTS: Final = with_blanks(
    _SITE["reporter"], _SITE["correspondent"], _BARE["commentator"], _BARE["trainee"]
)
