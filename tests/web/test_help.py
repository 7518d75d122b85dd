"""Help and statements: in each site’s language, by its facts, promising nothing that is not there."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.client import SiteClient, client_at, said

QUESTIONS = ["log-in", "activate", "manage", "users", "changes", "documents", "missing"]
STATEMENTS = ["/imprint", "/privacy", "/accessibility"]


def test_seven_questions_are_answered_and_the_first_one_is_open(fr: SiteClient) -> None:
    details = fr.page("/help").all("details")
    assert [question["id"] for question in details] == QUESTIONS
    assert ["open" in question for question in details] == [True] + [False] * 6
    for question in details:
        assert question.one("summary").text.endswith("?")
        assert len(question.one("div", class_="answer").text) > 150


@pytest.mark.parametrize("code", ["fr", "de", "gb"])
def test_the_answers_are_in_the_sites_language_and_name_its_support(app: Flask, code: str) -> None:
    client = client_at(app, code)
    page = client.page("/help")
    site = client.site
    assert site
    assert said(site, "Why can’t I see my subscriptions?") in page.text
    assert page.text.count(site.support_email) >= 3
    assert site.name_in(site.default_language) in page.text


def test_people_who_look_for_help_find_it_by_search_and_from_every_page(fr: SiteClient) -> None:
    assert fr.page("/help").one("meta", name="description")["content"]
    for address in ("/sign-in", "/help", "/password/forgotten", *STATEMENTS):
        linked = {link.get("href") for link in fr.page(address).all("a")}
        assert {"/help", *STATEMENTS} <= linked, address


@pytest.mark.parametrize("code", ["fr", "de", "gb"])
def test_the_imprint_states_the_sites_own_legal_entity(app: Flask, code: str) -> None:
    client = client_at(app, code)
    site, text = client.site, client.page("/imprint").text
    assert site
    facts = [
        site.legal_entity_in(site.default_language),
        *site.legal_entity.address,
        site.legal_entity.vat_id,
    ]
    assert [fact for fact in [*facts, site.support_email, site.support_phone] if fact not in text] == []


def test_the_privacy_page_says_the_figures_that_the_rules_use(fr: SiteClient) -> None:
    text = fr.page("/privacy").text
    for figure in ("12 heures", "7 jours", "60 minutes"):
        assert figure in text.replace("\u00a0", " ")
    assert "Example Tools France SAS" in text


@pytest.mark.parametrize("address", STATEMENTS)
def test_statements_can_be_read_without_signing_in_and_lead_to_the_support(
    fr: SiteClient, address: str
) -> None:
    assert fr.site
    assert fr.page(address).all("a", href=f"mailto:{fr.site.support_email}")
