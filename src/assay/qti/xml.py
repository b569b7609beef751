"""XML from strangers: parsed without entities, document types or the network, within limits, and with one name for each element.

QTI 2 calls in camelCase (`simpleChoice`) what QTI 3 calls by hyphened names with a prefix (`qti-simple-choice`); elements of HTML have the
same names in both. Here everything has its QTI 3 name.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from assay.domain.question_exchange import Unreadable

MAX_BYTES: Final = 512 * 1024
"""Of one document."""
MAX_ELEMENTS: Final = 20_000
HTML: Final = frozenset(
    re.findall(
        r"\w+",
        """
        a abbr acronym address article aside audio b bdi bdo big blockquote br caption cite code col colgroup dd details dfn div dl dt em
        figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img kbd label li main nav object ol p param picture pre q rb rp rt ruby s
        samp section small source span strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video
        """,
    )
)
MEDIA: Final = frozenset({"img", "object", "audio", "video", "picture", "math", "svg"})
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parse(document: bytes, at_most: int = MAX_BYTES) -> etree._Element:
    """The root of a document. Raises `Unreadable` when it is too large, not well-formed, or declares a document type."""
    if len(document) > at_most:
        raise Unreadable(f"is larger than {at_most // 1024} KiB")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"is not well-formed XML: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("declares a document type, which is not read")
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise Unreadable(f"has more than {MAX_ELEMENTS} elements")
    return root


def serialise(root: etree._Element) -> bytes:
    """A document, UTF-8."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def namespace(element: etree._Element) -> str:
    """The namespace of an element, empty without one."""
    return etree.QName(element).namespace or ""


def name(element: etree._Element) -> str:
    """The element's name in QTI 3."""
    local = etree.QName(element).localname
    return local if local in HTML or local in MEDIA or local.startswith("qti-") else f"qti-{_hyphened(local)}"


def attribute(element: etree._Element, wanted: str, default: str = "") -> str:
    """An attribute by its name in QTI 3."""
    if (value := element.get(wanted)) is not None:
        return value
    return next((str(value) for key, value in element.attrib.items() if _hyphened(str(key)) == wanted), default)


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children with one of these names."""
    return (child for child in element if name(child) in names)


def within(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Everything below with one of these names, in document order."""
    return (each for each in element.iterdescendants() if name(each) in names)


def _hyphened(camel: str) -> str:
    return _HUMP.sub("-", camel).lower()
