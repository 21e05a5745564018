"""The loopback Xinhua: a deterministic, seeded site on 127.0.0.1 that knows its own truth.

    with Site(seed=1, regions=["js", "he"], day=0.5) as site:
        fetch through site.proxy_url, then compare with site.truth() and site.log

`python -m tests.site --port 8123 --seed 1` runs it as a process. It imports nothing from the
crawler: what both believe of Xinhua, they believe on the evidence of FACTS.md alone.
"""

from tests.site.site import CONTROL, Site
from tests.site.story import Story, expected
from tests.site.templates import TEMPLATES, render
from tests.site.truth import as_fetched
from tests.site.world import World

__all__ = ["CONTROL", "TEMPLATES", "Site", "Story", "World", "as_fetched", "expected", "render"]
