"""What a run shares with Scrapy's components: by type, and no longer than its crawler lives."""

from __future__ import annotations

import gc
import weakref
from dataclasses import FrozenInstanceError

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from crawler.context import RunFacts, attach, attached, required
from crawler.downloader.holds import Holds
from tests.run_parts import facts


def test_a_component_gets_what_it_asks_for() -> None:
    crawler, run, holds = get_crawler(), facts(), Holds()
    attach(crawler, run)
    attach(crawler, holds)
    assert required(crawler, RunFacts) is run
    assert attached(crawler, Holds) is holds
    assert attached(get_crawler(), Holds) is None


def test_without_a_run_it_is_left_out() -> None:
    with pytest.raises(NotConfigured, match="no run is open"):
        required(get_crawler(), RunFacts)


def test_the_facts_stay() -> None:
    with pytest.raises(FrozenInstanceError):
        facts().run_id = "another"  # type: ignore[misc]


def test_nothing_is_kept_after_the_crawler() -> None:
    crawler = get_crawler()
    attach(crawler, facts())
    gone = weakref.ref(crawler)
    del crawler
    gc.collect()
    assert gone() is None
