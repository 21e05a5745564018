"""Pages of CmsRegional2022: claimed by it alone, and read as a reader would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.layouts.read_as import check, claims_without_names, samples_of

if TYPE_CHECKING:
    from tests.pages.samples import Sample


@samples_of("CmsRegional2022")
def test_samples_are_read(sample: Sample) -> None:
    check(sample)


@samples_of("CmsRegional2022")
def test_a_page_of_other_names_is_none(sample: Sample) -> None:
    """Its time and place tell nothing: only the names of its elements do."""
    assert "CmsRegional2022" not in claims_without_names(sample)
