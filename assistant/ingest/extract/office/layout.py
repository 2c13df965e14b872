"""Layouts and masters of a presentation in; where a shape of a slide that leaves its place to them is out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from assistant.ingest.extract.office.ooxml import optional_xml, relations, targets
from assistant.ingest.extract.office.placing import NOWHERE, Box
from assistant.ingest.extract.office.runs import outermost
from assistant.ingest.extract.package import attribute, local

PROPERTIES = frozenset({"spPr", "grpSpPr"})
SAME_ROLE = {"ctrTitle": "title", "subTitle": "body", "obj": "body", "content": "body"}  # as a master calls it


class Layouts:
    """The places of placeholders, by layout."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._known: dict[str, dict[str, Box]] = {}
        self._places: dict[str, Box] = {}

    def choose(self, layouts: Sequence[str]) -> None:
        """Take the layout of the next slide; without one, only places that the slide itself gives are known."""
        name = layouts[0] if layouts else ""
        if name and name not in self._known:
            masters = targets(relations(self._archive, name), "slideMaster")
            self._known[name] = dict(place for part in [*masters[:1], name] for place in self._placeholders(part))
        self._places = self._known.get(name, {})

    def box(self, shape: Element) -> Box:
        """Return where a shape is: as it says itself, or as its layout says."""
        own = _own_box(shape)
        role, index = role_of(shape)
        if own.is_known or not role:
            return own
        general = self._places.get(SAME_ROLE.get(role, role), NOWHERE)
        return self._places.get(f"#{index}", self._places.get(role, general))

    def _placeholders(self, part: str) -> Iterator[tuple[str, Box]]:
        """Yield the places of a layout or master, each by index and by role."""
        for shape in outermost(optional_xml(self._archive, part), "sp"):
            box = _own_box(shape)
            role, index = role_of(shape)
            if box.is_known and role:
                yield role, box
                if index:
                    yield f"#{index}", box


def role_of(shape: Element) -> tuple[str, str]:
    """Return what a shape is a placeholder for ("title"), and its index; empty where it is none."""
    for node in shape:
        if local(node).startswith("nv"):
            for mark in outermost(node, "ph"):
                return attribute(mark, "type") or "content", attribute(mark, "idx")
    return "", ""


def _own_box(shape: Element) -> Box:
    for node in shape:
        for frame in [node] if local(node) == "xfrm" else node if local(node) in PROPERTIES else ():
            if local(frame) == "xfrm":
                return _box(frame)
    return NOWHERE


def _box(frame: Element) -> Box:
    parts = {local(node): node for node in frame}
    try:
        offset, extent = parts["off"], parts["ext"]
        return Box(float(attribute(offset, "x")), float(attribute(offset, "y")), float(attribute(extent, "cy")))
    except (KeyError, ValueError):
        return NOWHERE
