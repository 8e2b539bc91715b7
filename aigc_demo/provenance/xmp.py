"""One XMP packet with label, source type and recipe (ISO 16684-1), understood inside any container.

The three properties are elements, for that is how generators in the field write them:

    Iptc4xmpExt:DigitalSourceType   IPTC Photo Metadata Standard
    TC260:AIGC                      the label as JSON, practice guide TC260-PG-20258A
    demo:recipe                     the recipe as JSON, our own
"""

from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree as ET

from aigc_demo.provenance.schema import Provenance

MAX_PACKET = 1 << 20

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
DEMO = "urn:aigc-demo:recipe/1.0/"

PROPERTIES = {
    f"{{{TC260}}}AIGC": "label",
    f"{{{IPTC}}}DigitalSourceType": "source",
    f"{{{DEMO}}}recipe": "recipe",
}


def write_packet(provenance: Provenance) -> bytes:
    """The packet in UTF-8 with what is said. All values are ASCII without <, > and &, or escaped."""
    said = (
        ("Iptc4xmpExt:DigitalSourceType", escape(provenance.source_type or "")),
        ("TC260:AIGC", provenance.label_json() if provenance.label else ""),
        ("demo:recipe", provenance.recipe_json() if provenance.recipe else ""),
    )
    properties = "".join(f"<{name}>{value}</{name}>\n" for name, value in said if value)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">\n'
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{IPTC}"'
        f' xmlns:TC260="{TC260}" xmlns:demo="{DEMO}">\n'
        f"{properties}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def read_packet(packet: bytes) -> Iterator[tuple[str, str]]:
    """Yield ("label" | "source" | "recipe", text) for each property found, element or attribute.

    ValueError for a packet that is too long, no UTF-8, no XML, or that declares entities: those could blow
    a small packet up to gigabytes, and no XMP writer needs them.
    """
    if len(packet) > MAX_PACKET:
        raise ValueError("longer than 1 MB")
    text = packet.decode("utf-8").strip("\ufeff\x00 \r\n\t")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("declares entities")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    for element in root.iter():
        if kind := PROPERTIES.get(element.tag):
            yield kind, (element.text or element.get(f"{{{RDF}}}resource") or "").strip()
        for name, value in element.attrib.items():
            if kind := PROPERTIES.get(name):
                yield kind, value.strip()
