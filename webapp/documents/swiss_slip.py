"""What a Swiss QR-bill says, and where.

Measures and headings are those of “Swiss Implementation Guidelines for the QR-bill” 2.3 of SIX.
All places in points from the lower left corner of the page, at whose foot the slip lies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from webapp.formats import grouped, spaced_reference

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 105 * MM
RECEIPT_WIDTH = 62 * MM
MARGIN = 5 * MM
QR_SIZE, QR_X, QR_Y = 46 * MM, 67 * MM, 42 * MM
MARK, MARK_WIDTH = 3 * MM, 0.75

TITLE_SIZE = 11
_TITLE_Y = HEIGHT - MARGIN - 9
_INFORMATION_X = 118 * MM

# Prescribed, word for word: Annex D.
_HEADINGS = {
    "en": (
        "Payment part",
        "Account / Payable to",
        "Reference",
        "Additional information",
        "Currency",
        "Amount",
        "Receipt",
        "Acceptance point",
        "Separate before paying in",
        "Payable by",
        "Payable by (name/address)",
    ),
    "de": (
        "Zahlteil",
        "Konto / Zahlbar an",
        "Referenz",
        "Zusätzliche Informationen",
        "Währung",
        "Betrag",
        "Empfangsschein",
        "Annahmestelle",
        "Vor der Einzahlung abzutrennen",
        "Zahlbar durch",
        "Zahlbar durch (Name/Adresse)",
    ),
    "fr": (
        "Section paiement",
        "Compte / Payable à",
        "Référence",
        "Informations supplémentaires",
        "Monnaie",
        "Montant",
        "Récépissé",
        "Point de dépôt",
        "A détacher avant le versement",
        "Payable par",
        "Payable par (nom/adresse)",
    ),
    "it": (
        "Sezione pagamento",
        "Conto / Pagabile a",
        "Riferimento",
        "Informazioni supplementari",
        "Valuta",
        "Importo",
        "Ricevuta",
        "Punto di accettazione",
        "Da staccare prima del versamento",
        "Pagabile da",
        "Pagabile da (nome/indirizzo)",
    ),
}


class Headings(NamedTuple):
    payment_part: str
    account: str
    reference: str
    information: str
    currency: str
    amount: str
    receipt: str
    acceptance_point: str
    separate: str
    payable_by: str
    payable_by_blank: str


def headings(language: str) -> Headings:
    """Of a locale; English where the standard has no words of its own."""
    return Headings(*_HEADINGS.get(language.split("_")[0], _HEADINGS["en"]))


@dataclass(frozen=True, slots=True)
class Slip:
    account: str
    creditor: tuple[str, ...]  # name, street, town
    currency: str
    amount: str = ""
    reference: str = ""
    information: tuple[str, ...] = ()
    debtor: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()  # alternative ones


def slip_of(payload: str) -> Slip:
    """What is printed is what the code says, line by line as the standard numbers them: nobody may be
    able to pay another sum to another account by reading than by scanning."""
    lines = payload.split("\n")
    said = [line.rstrip("\r") for line in (*lines, *[""] * (34 - len(lines)))]
    return Slip(
        account=grouped(said[3]),
        creditor=_address(said[4:11]),
        amount=_spaced_amount(said[18]),
        currency=said[19],
        debtor=_address(said[20:27]),
        reference=spaced_reference(said[28]),
        information=tuple(filter(None, (said[29], said[31]))),
        procedures=tuple(filter(None, said[32:34])),
    )


def _address(said: Sequence[str]) -> tuple[str, ...]:
    kind, name, street, house, code, city, country = said
    abroad = "" if country in {"CH", "LI"} else f"{country}-"
    if kind == "K":  # lines as they are, before structured addresses
        return tuple(filter(None, (name, street, f"{abroad}{house}")))
    return (
        tuple(filter(None, (name, f"{street} {house}".strip(), f"{abroad}{code} {city}".strip())))
        if name
        else ()
    )


def _spaced_amount(amount: str) -> str:
    """`1 949.75` in every language."""
    whole, point, cents = amount.partition(".")
    return f"{int(whole):,}".replace(",", " ") + point + cents if whole else ""


@dataclass(frozen=True, slots=True)
class Words:
    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    right: bool = False  # x is where they end


@dataclass(frozen=True, slots=True)
class Block:
    """What is read as one: a heading and what stands below it."""

    words: tuple[Words, ...]
    title: bool = False


@dataclass(frozen=True, slots=True)
class Blank:
    """To be filled in by hand: only its corners are drawn."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Placed:
    receipt: tuple[Block, ...]
    payment_part: tuple[Block, ...]
    blanks: tuple[Blank, ...]


Wrap = Callable[[str, float, float], Sequence[str]]  # text, size, width → lines


@dataclass(frozen=True, slots=True)
class _Column:
    """Blocks below one another, headings bold and smaller, a line's space between them."""

    x: float
    top: float
    width: float
    heading_size: float
    size: float
    leading: float
    wrap: Wrap

    def blocks(self, told: Sequence[tuple[str, Sequence[str]]]) -> tuple[tuple[Block, ...], float]:
        y, placed = self.top - self.leading, []
        for heading, texts in told:
            words = [Words(self.x, y, heading, self.heading_size, bold=True)]
            for line in (line for text in texts for line in self.wrap(text, self.size, self.width)):
                y -= self.leading
                words.append(Words(self.x, y, line, self.size))
            placed.append(Block(tuple(words)))
            y -= 2 * self.leading
        return tuple(placed), y + self.leading

    def fits(self, told: Sequence[tuple[str, Sequence[str]]], height: float) -> bool:
        return self.top - self.blocks(told)[1] - self.leading <= height


def place(slip: Slip, words: Headings, wrap: Wrap) -> Placed:
    receipt, receipt_blanks = _receipt(slip, words, wrap)
    part, part_blanks = _payment_part(slip, words, wrap)
    return Placed(receipt, part, (*receipt_blanks, *part_blanks))


def _told(slip: Slip, words: Headings, *, without_streets: bool = False) -> list[tuple[str, Sequence[str]]]:
    def shown(address: Sequence[str]) -> Sequence[str]:
        return (address[0], address[-1]) if without_streets and len(address) > 2 else address

    told: list[tuple[str, Sequence[str]]] = [(words.account, (slip.account, *shown(slip.creditor)))]
    if slip.reference:
        told.append((words.reference, (slip.reference,)))
    return [*told, (words.payable_by if slip.debtor else words.payable_by_blank, shown(slip.debtor))]


def _receipt(slip: Slip, words: Headings, wrap: Wrap) -> tuple[tuple[Block, ...], list[Blank]]:
    column = _Column(MARGIN, HEIGHT - MARGIN - 7 * MM, 52 * MM, 6, 8, 9, wrap)
    told = _told(slip, words)
    if not column.fits(told, 56 * MM):  # the standard lets the receipt do without streets
        told = _told(slip, words, without_streets=True)
    blocks, below = column.blocks(told)
    amount_y, amount_x = 37 * MM - 6, MARGIN + 12 * MM
    blanks = [] if slip.debtor else [Blank(MARGIN, below - 20 * MM + 6, 52 * MM, 20 * MM)]
    if not slip.amount:
        blanks.append(Blank(MARGIN + 22 * MM, 26.5 * MM, 30 * MM, 10 * MM))
    acceptance = Words(57 * MM, 23 * MM - 6, words.acceptance_point, 6, bold=True, right=True)
    return (
        Block((Words(MARGIN, _TITLE_Y, words.receipt, TITLE_SIZE, bold=True),), title=True),
        *blocks,
        _amount_block(MARGIN, amount_y, words.currency, slip.currency, 6, 8, 9),
        _amount_block(amount_x, amount_y, words.amount, slip.amount, 6, 8, 9),
        Block((acceptance,)),
    ), blanks


def _payment_part(slip: Slip, words: Headings, wrap: Wrap) -> tuple[tuple[Block, ...], list[Blank]]:
    column = _Column(_INFORMATION_X, HEIGHT - MARGIN + 2, 87 * MM, 8, 10, 11, wrap)
    told = _told(slip, words)
    if slip.information:
        told.insert(-1, (words.information, slip.information))
    blocks, below = column.blocks(told)
    amount_y, amount_x = 37 * MM - 8, QR_X + 16 * MM
    blanks = [] if slip.debtor else [Blank(_INFORMATION_X, below - 25 * MM + 8, 65 * MM, 25 * MM)]
    if not slip.amount:
        blanks.append(Blank(QR_X + 11 * MM, 18.5 * MM, 40 * MM, 15 * MM))
    return (
        Block((Words(QR_X, _TITLE_Y, words.payment_part, TITLE_SIZE, bold=True),), title=True),
        _amount_block(QR_X, amount_y, words.currency, slip.currency, 8, 10, 13),
        _amount_block(amount_x, amount_y, words.amount, slip.amount, 8, 10, 13),
        *blocks,
        *_further(slip),
    ), blanks


def _further(slip: Slip) -> list[Block]:
    """Alternative procedures, a line each."""
    lines = (Words(QR_X, 12 * MM - 9 * index, text, 7) for index, text in enumerate(slip.procedures))
    return [Block((line,)) for line in lines]


def _amount_block(
    x: float, y: float, heading: str, value: str, heading_size: float, size: float, leading: float
) -> Block:
    words = [Words(x, y, heading, heading_size, bold=True)]
    if value:
        words.append(Words(x, y - leading, value, size))
    return Block(tuple(words))
