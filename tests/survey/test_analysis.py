"""Which pages are built alike."""

from __future__ import annotations

from crawler.items import Encoding
from crawler.pages.document import Document
from crawler.survey.analysis import clusters_of
from crawler.survey.selectors import features_of


def features(html: str) -> frozenset[str]:
    return features_of(Document("http://js.news.cn/", html, Encoding(None, "utf-8")))


OLD = "<table><tr><td height=40><b>桥</b></td></tr><td width='700'><p>{}</p></td></table>"
NEW = "<div id=top class='a b'><h1>{}</h1></div><main class=story></main>"


def test_features_are_names_measures_and_headings() -> None:
    assert features(NEW) == {"#top", ".a", ".b", "h1", "main", ".story"}
    assert features(OLD) == {"td[height='40']", "td[width='700']"}
    assert features("<p id='x y' class='1 ok'>") == {".ok"}


def test_clusters_of_pages_built_alike() -> None:
    pages = [features((NEW if number % 3 else OLD).format(number)) for number in range(9)]
    pages.append(features(NEW.replace("</main>", "<div class=film></div></main>")))
    found = clusters_of(pages)
    assert [one.members for one in found] == [[1, 2, 4, 5, 7, 8, 9], [0, 3, 6]]
    assert found[0].common() == ["#top", ".a", ".b", ".story", "h1", "main"]
    assert clusters_of([]) == []
    assert len(clusters_of([frozenset(), frozenset()])) == 1
