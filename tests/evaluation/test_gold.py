"""Which path is which right file."""

from __future__ import annotations

import unicodedata

import pytest

from assistant.datatypes import Location
from assistant.evaluation.dataset import ends_with, matching_document, missing_files, page_of


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("/home/me/contracts/lease.md", "lease.md", True),
        ("/home/me/contracts/lease.md", "contracts/lease.md", True),
        ("/home/me/contracts/lease.md", "./contracts/lease.md", True),
        ("/home/me/contracts/lease.md", "/home/me/contracts/lease.md", True),
        ("/home/me/contracts/old-lease.md", "lease.md", False),
        ("/home/me/contracts/lease.md", "/contracts/lease.md", False),
        ("/home/me/contracts/lease.md", "letters/lease.md", False),
        ("lease.md", "contracts/lease.md", False),
        ("/home/me/lease.md", "", False),
        (unicodedata.normalize("NFD", "/me/Verträge.md"), "Verträge.md", True),
    ],
)
def test_a_name_is_the_end_of_a_path_on_its_boundaries(path, document, expected):
    assert ends_with(path, document) is expected


def test_a_path_has_the_longest_name_that_fits():
    assert matching_document("/me/a/lease.md", ["lease.md", "a/lease.md", "b/lease.md"]) == "a/lease.md"
    assert matching_document("/me/coffee.txt", ["lease.md"]) == "/me/coffee.txt"


def test_pages_and_slides_are_places():
    assert page_of("/me/a.pdf", Location(1, 1, 0, 1, page=4), ["a.pdf"]) == ("a.pdf", 4)
    assert page_of("/me/a.pptx", Location(1, 1, 0, 1, slide=2), []) == ("/me/a.pptx", 2)
    assert page_of("/me/a.txt", Location(1, 1, 0, 1), ["a.txt"]) == ("a.txt", None)


def test_names_that_no_path_has():
    assert missing_files(["x.md", "a/lease.md", "b/lease.md"], ["/me/a/lease.md", "/me/old-x.md"]) == ["b/lease.md", "x.md"]
