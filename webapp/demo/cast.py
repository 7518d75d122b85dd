"""The demo's people: the same cast as in the tests. Companies, names and addresses are fictitious."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "a wrench and a ladder"


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """Of the support console. `app_key` is what an authenticator app is to be told."""

    email: str
    name: str
    language: str
    regions: tuple[str, ...]
    app_key: str


SAM = DemoAgent(
    "sam@support.example",
    "Sam Keller",
    "en",
    ("dach", "western-europe"),
    "SAMHELPSCUSTOMERSOFTHEDEMO234567",
)


@dataclass(frozen=True, slots=True)
class Company:
    number: str
    name: str
    line1: str
    postal_code: str | None
    city: str
    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    site: str
    email: str
    name: str
    language: str
    company: Company
    administers: bool
    role: str
    also_at: Company | None = None  # a second account
    bills: tuple[Company, ...] = ()  # looks after their billing
    backs_up: str = ""  # the product of whose first subscription they are the backup


_OUEST = Company("11900001", "Bâti-Ouest Exemple SAS", "12 quai du Modèle", "44000", "Nantes", "FR")
_SUD = Company(
    "11900002", "Maçonnerie du Sud Exemple SARL", "3 rue de la Maquette", "13002", "Marseille", "FR"
)
_BAU = Company("21900001", "Musterbau Nord GmbH & Co. KG", "Beispielallee 7", "20095", "Hamburg", "DE")
_WIEN = Company("41900001", "Beispiel Hochbau Ges.m.b.H.", "Mustergasse 4", "1030", "Wien", "AT")
_ZUG = Company("31900001", "Muster Tiefbau AG", "Beispielweg 11", "6300", "Zug", "CH")
_MILANO = Company("61900001", "Costruzioni Esempio S.r.l.", "Via del Modello 8", "20121", "Milano", "IT")
_MADRID = Company("51900001", "Obras Ejemplo, S.A.", "Calle de la Muestra 5", "28013", "Madrid", "ES")
_LEEDS = Company("81900001", "Example & Daughters Civils Ltd", "7 Sample Road", "LS1 1AA", "Leeds", "GB")
_AUSTIN = Company(
    "71900001", "Sample Structures of Texas, LLC", "500 Example Pkwy", "78701", "Austin", "US", "TX"
)
_LODZ = Company("80900001", "Przykładowe Budownictwo Sp. z o.o.", "ul. Wzorcowa 9", "90-001", "Łódź", "PL")
_DUBAI = Company("91900001", "Al Namuthaj Contracting L.L.C.", "P.O. Box 00000", None, "Dubai", "AE")
_UTRECHT = Company("22900001", "Voorbeeldbouw Utrecht B.V.", "Modelgracht 12", "3511 AB", "Utrecht", "NL")
_GENT = Company("23900001", "Voorbeeld Bouwwerken BV", "Modelstraat 5", "9000", "Gent", "BE")
_BRNO = Company("24900001", "Vzorové stavby s.r.o.", "Vzorová 8", "602 00", "Brno", "CZ")
_KOSICE = Company("25900001", "Vzorové stavby Košice s.r.o.", "Vzorová 3", "040 01", "Košice", "SK")
_SZEGED = Company("26900001", "Mintaépítő Kft.", "Példa utca 4.", "6720", "Szeged", "HU")
_PORTO = Company("27900001", "Construções Exemplo, Lda.", "Rua do Modelo 21", "4000-001", "Porto", "PT")
_SUDBURY = Company(
    "72900001", "Bâtiments Modèle inc.", "40, rue de l’Exemple", "P3E 0A1", "Sudbury", "CA", "ON"
)
_OSAKA = Company("94900001", "見本建設株式会社", "北区見本町1-2-3", "530-0001", "大阪市", "JP")

PEOPLE = (
    DemoPerson("fr", "alice@demo.example", "Alice Morel", "fr", _OUEST, True, "administers subscriptions"),
    DemoPerson("fr", "bob@demo.example", "Bob Girard", "fr", _OUEST, False, "member, uses a license"),
    DemoPerson(
        "fr",
        "erin@demo.example",
        "Erin Lefèvre",
        "fr",
        _OUEST,
        False,
        "member, pays the bills",
        bills=(_OUEST,),
    ),
    DemoPerson("fr", "charlie@demo.example", "Charlie Roux", "fr", _SUD, True, "another account"),
    DemoPerson(
        *(
            "fr",
            "marc@demo.example",
            "Marc Vidal",
            "fr",
            _OUEST,
            False,
            "backup; two companies, bills of one",
        ),
        also_at=_SUD,
        bills=(_SUD,),
        backs_up="fieldwire-business",
    ),
    DemoPerson("de", "dora@demo.example", "Dora Lindemann", "de", _BAU, True, "another site"),
    DemoPerson("at", "anna@demo.example", "Anna Hofer", "de_AT", _WIEN, True, "administers subscriptions"),
    DemoPerson("ch", "reto@demo.example", "Reto Keller", "de_CH", _ZUG, True, "administers subscriptions"),
    DemoPerson("ch", "chloe@demo.example", "Chloé Favre", "fr_CH", _ZUG, True, "the same account, in French"),
    DemoPerson(
        "it", "giulia@demo.example", "Giulia Esposito", "it", _MILANO, True, "administers subscriptions"
    ),
    DemoPerson("es", "inigo@demo.example", "Íñigo Núñez", "es", _MADRID, True, "administers subscriptions"),
    DemoPerson(
        "gb", "grace@demo.example", "Grace O’Malley", "en_GB", _LEEDS, True, "administers subscriptions"
    ),
    DemoPerson("us", "sam@demo.example", "Sam Carter", "en_US", _AUSTIN, True, "administers subscriptions"),
    DemoPerson("pl", "zofia@demo.example", "Zofia Wójcik", "pl", _LODZ, True, "administers subscriptions"),
    DemoPerson(
        "ae", "fatima@demo.example", "Fatima Al Amin", "ar", _DUBAI, True, "administers subscriptions"
    ),
    DemoPerson("jp", "haruka@demo.example", "田中 遥", "ja", _OSAKA, True, "administers subscriptions"),
    DemoPerson(
        "nl", "sanne@demo.example", "Sanne de Vries", "nl", _UTRECHT, True, "administers subscriptions"
    ),
    DemoPerson("be", "lotte@demo.example", "Lotte Peeters", "nl", _GENT, True, "administers subscriptions"),
    DemoPerson("be", "julien@demo.example", "Julien Lambert", "fr", _GENT, True, "the same, in French"),
    DemoPerson(
        "cz", "tereza@demo.example", "Tereza Dvořáková", "cs", _BRNO, True, "administers subscriptions"
    ),
    DemoPerson("sk", "lubos@demo.example", "Ľuboš Kováč", "sk", _KOSICE, True, "administers subscriptions"),
    DemoPerson("hu", "eszter@demo.example", "Szűcs Eszter", "hu", _SZEGED, True, "administers subscriptions"),
    DemoPerson("pt", "joao@demo.example", "João Gonçalves", "pt", _PORTO, True, "administers subscriptions"),
    DemoPerson(
        "ca", "maude@demo.example", "Maude Tremblay", "fr_CA", _SUDBURY, True, "administers subscriptions"
    ),
)
