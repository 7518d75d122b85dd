from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.mail.test_message import built
from tests.support.cast import ALICE
from tests.support.client import SiteClient, client_at, page_of
from tests.support.production import PRODUCTION
from tests.web.conftest import CastEngine, new_app, on_sqlite
from webapp.assembly import Portal
from webapp.data.keys import fold
from webapp.jobs.outbox import deliver
from webapp.mail.mailbox import MailboxTransport, mailbox_folder
from webapp.mail.message import Attachment


@on_sqlite
def test_the_bare_domain_offers_every_country(front: SiteClient, portal: Portal) -> None:
    page = front.page("/", headers={"Accept-Language": "de"})
    countries = {link["href"]: link.text for link in page.one("main").all("a")}
    assert countries == {f"{site.origin}/": site.name_in("de") for site in portal.sites}
    assert list(countries.values()) == sorted(countries.values(), key=fold)
    assert not page.all("a", href="/sign-in")


@on_sqlite
def test_a_country_sites_door_leads_to_the_list(fr: SiteClient) -> None:
    assert fr.get("/").location == "/subscriptions"


@on_sqlite
def test_search_engines_are_kept_from_links_of_letters(front: SiteClient, fr: SiteClient) -> None:
    for client in (front, fr):
        answer = client.get("/robots.txt")
        assert answer.mimetype == "text/plain"
        assert {"Disallow: /activate/", "Disallow: /password/"} <= set(answer.text.splitlines())


@on_sqlite
@pytest.mark.parametrize("path", ["/sign-in", "/subscriptions", "/help", "/password/forgotten", "/imprint"])
def test_pages_of_a_country_need_a_country(path: str, front: SiteClient) -> None:
    assert front.get(path).status_code == 404


# ---- the demo's mailbox


@pytest.fixture
def letters(portal: Portal, fr: SiteClient) -> None:
    """One in the mailbox, with a link."""
    fr.post("/password/forgotten", data={"email": ALICE.email})
    deliver(portal, portal.sites["fr"], MailboxTransport(mailbox_folder(portal.settings)))


@pytest.mark.usefixtures("letters")
def test_in_the_demo_mail_is_read_in_the_mailbox(front: SiteClient, fr: SiteClient) -> None:
    page = front.page("/mailbox")
    (link,) = page.one("ul", class_="mails").all("a")
    assert ALICE.email in link.text
    mail = front.page(link["href"])
    assert ALICE.email in mail.text
    leads = next(
        a["href"]
        for a in mail.one("section", aria_labelledby="links-h").all("a")
        if "/password/set/" in a["href"]
    )
    assert leads.startswith(fr.origin) and fr.get(urlsplit(leads).path).status_code == 200


@pytest.mark.usefixtures("letters")
def test_a_mails_own_html_can_do_nothing_but_look(front: SiteClient) -> None:
    name = front.page("/mailbox").one("ul", class_="mails").one("a")["href"]
    answer = front.get(f"{name}/html")
    assert answer.status_code == 200 and ALICE.name in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy


@on_sqlite
def test_what_is_attached_can_be_taken_out_of_the_mailbox(front: SiteClient, portal: Portal) -> None:
    content = b"%PDF-1.7" + bytes(range(256))
    mail = built(attachments=[Attachment("FA-2026-000042.pdf", "application/pdf", content)])
    MailboxTransport(mailbox_folder(portal.settings)).deliver(mail, "eloise@example.com")
    page = front.page(front.page("/mailbox").one("ul", class_="mails").one("a")["href"])
    (link,) = page.one("section", aria_labelledby="files-h").all("a")
    answer = front.get(link["href"])
    assert (answer.status_code, answer.data) == (200, content)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="FA-2026-000042.pdf"'
    assert front.get(link["href"].replace("000042", "000043")).status_code == 404


@on_sqlite
def test_an_empty_mailbox_says_so(front: SiteClient) -> None:
    assert not front.page("/mailbox").all("ul", class_="mails")


@on_sqlite
@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    "name", ["none.eml", "..", "../clock.json", ".eml", "%2e%2e%2fclock.json", "a" * 200]
)
def test_the_mailbox_opens_nothing_but_mails(name: str, front: SiteClient, portal: Portal) -> None:
    (portal.settings.data / "clock.json").write_text("{}")
    for path in (f"/mailbox/{name}", f"/mailbox/{name}/html", f"/mailbox/{name}/files/a.pdf"):
        assert front.get(path).status_code == 404


@on_sqlite
@pytest.mark.usefixtures("letters")
def test_the_mailbox_is_at_no_country_site(fr: SiteClient) -> None:
    assert fr.get("/mailbox").status_code == 404


def test_production_has_no_mailbox(make_portal: Callable[..., Portal], sqlite_cast: CastEngine) -> None:
    portal = make_portal(sqlite_cast, **PRODUCTION)
    folder = mailbox_folder(portal.settings)
    folder.mkdir(parents=True)
    (folder / "a@b.eml").write_text("Subject: Hello\n\nHello\n")
    front = client_at(new_app(portal), None)
    for path in ("/mailbox", *(f"/mailbox/a@b.eml{more}" for more in ("", "/html", "/files/a.pdf"))):
        assert front.get(path).status_code == 404


# ---- files


@on_sqlite
def test_a_file_is_kept_for_ever_under_its_fingerprint_and_briefly_without(fr: SiteClient) -> None:
    sheet = fr.page("/sign-in").one("link", rel="stylesheet")["href"]
    answer = fr.get(sheet, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["Cache-Control"] and answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.mimetype == "text/css"
    assert "immutable" not in fr.get(sheet.partition("?")[0]).headers["Cache-Control"]
    assert fr.get(sheet, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@on_sqlite
@pytest.mark.parametrize(
    "name", ["../config.py", "css/../../config.py", "..%2fconfig.py", "css", "css/", "/etc/passwd", "app.css"]
)
def test_no_other_file_is_served(name: str, fr: SiteClient, app: Flask) -> None:
    answer = fr.get(f"/static/{name}")
    assert answer.status_code in (404, 308) and "PORTAL" not in answer.text
    if answer.status_code == 404:
        assert page_of(answer).heading
