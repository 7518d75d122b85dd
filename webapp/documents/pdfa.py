"""PDF/A-3a and PDF/UA-1: what an archive and a screen reader want to know about the file as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from PIL import ImageCms
from reportlab.pdfbase import pdfdoc

from webapp.documents.tuning import Raw, add_object, add_stream, reference
from webapp.documents.writer import hexadecimal

PRODUCER = "Subscription Portal"
FACTUR_X = "factur-x.xml"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    mime: str
    relationship: str  # Alternative, Data, Source, Supplement
    description: str


@dataclass(frozen=True, slots=True)
class About:
    title: str
    author: str
    subject: str
    keywords: str
    made_at: datetime
    profile: str = ""  # of the Factur-X file inside: `EN 16931`

    def with_profile(self, profile: str) -> About:
        return replace(self, profile=profile)


@cache
def _srgb() -> bytes:
    """Pillow's sRGB profile without the moment it was made at, and without the id that follows from it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = bytes([0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    return profile[:24] + made + profile[36:84] + bytes(16) + profile[100:]


@cache
def _packed_srgb() -> bytes:
    return bytes(pdfdoc.PDFZCompress.encode(_srgb()))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")


def _described(namespaces: str, body: str) -> str:
    return f'<rdf:Description rdf:about="" {namespaces}>{body}</rdf:Description>'


def _property(name: str, kind: str, category: str) -> str:
    return (
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        f"<pdfaProperty:valueType>{kind}</pdfaProperty:valueType>"
        f"<pdfaProperty:category>{category}</pdfaProperty:category>"
        f"<pdfaProperty:description>{name}</pdfaProperty:description></rdf:li>"
    )


def _schema(name: str, uri: str, prefix: str, properties: str) -> str:
    return (
        f'<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>{name}</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{uri}</pdfaSchema:namespaceURI><pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


@cache
def _extensions(profile: str) -> str:
    """Names that PDF/A does not know must be explained in the file itself."""
    schemas = _schema(
        "PDF/UA", "http://www.aiim.org/pdfua/ns/id/", "pdfuaid", _property("part", "Integer", "internal")
    )
    said = ""
    if profile:
        names = ("DocumentFileName", "DocumentType", "Version", "ConformanceLevel")
        properties = "".join(_property(name, "Text", "external") for name in names)
        schemas += _schema("Factur-X PDFA Extension Schema", _FX, "fx", properties)
        said = _described(
            f'xmlns:fx="{_FX}"',
            f"<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{FACTUR_X}</fx:DocumentFileName>"
            f"<fx:Version>1.0</fx:Version><fx:ConformanceLevel>{profile}</fx:ConformanceLevel>",
        )
    namespaces = " ".join(
        f'xmlns:pdfa{name}="http://www.aiim.org/pdfa/ns/{name.lower()}{mark}"'
        for name, mark in (("Extension", "/"), ("Schema", "#"), ("Property", "#"))
    )
    body = f"<pdfaExtension:schemas><rdf:Bag>{schemas}</rdf:Bag></pdfaExtension:schemas>"
    return _described(namespaces, body) + said


def _xmp(about: About) -> bytes:
    """The same as the Info dictionary says, in XML."""
    made = about.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def in_any_language(name: str, text: str) -> str:
        return (
            f'<dc:{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></dc:{name}>'
        )

    body = "".join(
        (
            _described(
                'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"',
                "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>",
            ),
            _described('xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"', "<pdfuaid:part>1</pdfuaid:part>"),
            _described(
                'xmlns:dc="http://purl.org/dc/elements/1.1/"',
                in_any_language("title", about.title)
                + f"<dc:creator><rdf:Seq><rdf:li>{escape(about.author)}</rdf:li></rdf:Seq></dc:creator>"
                + in_any_language("description", about.subject),
            ),
            _described(
                'xmlns:pdf="http://ns.adobe.com/pdf/1.3/"',
                f"<pdf:Producer>{PRODUCER}</pdf:Producer><pdf:Keywords>{escape(about.keywords)}</pdf:Keywords>",
            ),
            _described(
                'xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
                f"<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><xmp:CreateDate>{made}</xmp:CreateDate>"
                f"<xmp:ModifyDate>{made}</xmp:ModifyDate>",
            ),
            _extensions(about.profile),
        )
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'{body}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _info(document: Any, about: About) -> None:
    info = document.info
    info.title, info.author, info.subject = about.title, about.author, about.subject
    info.keywords, info.creator, info.producer = about.keywords, PRODUCER, PRODUCER
    info._dateFormatter = lambda *_when: _moment(about.made_at)


def _attach(document: Any, attachment: Attachment, made_at: datetime) -> int:
    """Returns the object number of the file's description."""
    packed = bytes(pdfdoc.PDFZCompress.encode(attachment.content))
    mime = attachment.mime.replace("/", "#2F")
    file = add_stream(
        document,
        f"/Type/EmbeddedFile/Subtype/{mime}/Filter/FlateDecode"
        f"/Params<</Size {len(attachment.content)}/ModDate({_moment(made_at)})>>",
        packed,
    )
    name = hexadecimal(attachment.name)
    number, _raw = add_object(
        document,
        (
            f"<</Type/Filespec/F({attachment.name})/UF{name}/EF<</F {file} 0 R/UF {file} 0 R>>"
            f"/AFRelationship/{attachment.relationship}/Desc{hexadecimal(attachment.description)}>>"
        ).encode(),
    )
    return number


def _catalog_entry(content: str) -> Raw:
    return Raw(content.encode())


def write(document: Any, about: About, attachments: list[Attachment], structure: int) -> None:
    """Completes the catalog. `structure` is the object number of the tree of tags."""
    document._pdfVersion = (1, 7)
    _info(document, about)
    catalog = document.Catalog
    profile = add_stream(document, "/N 3/Alternate/DeviceRGB/Filter/FlateDecode", _packed_srgb())
    catalog.OutputIntents = _catalog_entry(
        "[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
        f"/RegistryName(http://www.color.org)/DestOutputProfile {profile} 0 R>>]"
    )
    metadata = add_stream(document, "/Type/Metadata/Subtype/XML", _xmp(about))
    catalog.Metadata = reference(document, metadata)
    catalog.StructTreeRoot = reference(document, structure)
    catalog.MarkInfo = _catalog_entry("<</Marked true>>")
    catalog.ViewerPreferences = _catalog_entry("<</DisplayDocTitle true>>")
    if attachments:
        by_name = sorted(attachments, key=lambda attachment: attachment.name)
        numbers = [_attach(document, attachment, about.made_at) for attachment in by_name]
        files = " ".join(f"{number} 0 R" for number in numbers)
        names = " ".join(
            f"{hexadecimal(attachment.name)} {number} 0 R"
            for attachment, number in zip(by_name, numbers, strict=True)
        )
        catalog.AF = _catalog_entry(f"[{files}]")
        catalog.Names = _catalog_entry(f"<</EmbeddedFiles<</Names[{names}]>>>>")


def identify(document: Any, contents: list[bytes]) -> None:
    """The file's id follows from what it says: the same document, the same id."""
    digest = sha256(b"\0".join(contents)).hexdigest()[:32].encode()
    document._ID = b"[<%b><%b>]" % (digest, digest)
