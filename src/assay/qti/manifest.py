"""`imsmanifest.xml`: which items a package holds, and beside each what QTI has no words for.

Assay's own part stands in the metadata of an item's resource, where the standard leaves room for other namespaces, and not in the item: an
item is given to the people who answer it, and a rubric's notes are not for them.
"""

import posixpath
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote

from lxml import etree
from pydantic import ValidationError

from assay.domain.question_exchange import Carried, Unreadable
from assay.qti import xml

NAME: Final = "imsmanifest.xml"
OWN: Final = "urn:assay:qti:1"
PACKAGING: Final = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
MAX_BYTES: Final = 8 * 1024 * 1024
"""A manifest holds the rubrics of all its questions."""
_ITEM: Final = "imsqti_item_xmlv3p0"
_KINDS: Final = ("imsqti_item", "imsqti_apipitem")


class Resource(NamedTuple):
    """An item of a package: where it lies, and what is carried beside it."""

    href: str
    carried: Carried | None = None


def write(resources: Sequence[Resource]) -> bytes:
    """The manifest of a package of items."""
    root = etree.Element(f"{{{PACKAGING}}}manifest", {"identifier": "assay-questions"}, {None: PACKAGING, "assay": OWN})  # type: ignore[dict-item]  # None is the default namespace
    about = etree.SubElement(root, f"{{{PACKAGING}}}metadata")
    etree.SubElement(about, f"{{{PACKAGING}}}schema").text = "QTI Package"
    etree.SubElement(about, f"{{{PACKAGING}}}schemaversion").text = "3.0.0"
    etree.SubElement(root, f"{{{PACKAGING}}}organizations")
    listed = etree.SubElement(root, f"{{{PACKAGING}}}resources")
    for number, resource in enumerate(resources, start=1):
        described = {"identifier": f"item-{number}", "type": _ITEM, "href": resource.href}
        entry = etree.SubElement(listed, f"{{{PACKAGING}}}resource", described)
        if resource.carried is not None:
            own = etree.SubElement(etree.SubElement(entry, f"{{{PACKAGING}}}metadata"), f"{{{OWN}}}question")
            own.text = resource.carried.model_dump_json(exclude_none=True, ensure_ascii=True)
        etree.SubElement(entry, f"{{{PACKAGING}}}file", {"href": resource.href})
    return xml.serialise(root)


def read(document: bytes) -> list[Resource]:
    """The items that a manifest names, in its order; tests, pictures and the like are none. Raises `Unreadable`."""
    root = xml.parse(document, MAX_BYTES)
    if etree.QName(root).localname != "manifest":
        raise Unreadable(f"{NAME} is not the manifest of a content package")
    found = [each for each in root.iter() if etree.QName(each).localname == "resource"]
    return [_resource(each) for each in found if each.get("type", "").startswith(_KINDS) and each.get("href")]


def _resource(entry: etree._Element) -> Resource:
    href = posixpath.normpath(unquote(entry.get("href", "")))
    own = next(entry.iter(f"{{{OWN}}}question"), None)
    try:
        return Resource(href, None if own is None else Carried.model_validate_json(own.text or ""))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{NAME}: what is carried beside {href} does not fit: {place or 'it'}: {first['msg']}") from error
