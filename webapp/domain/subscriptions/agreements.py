"""The agreement a subscription comes with: the newest text while pending, the accepted one afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data.agreements import Acceptance, AcceptedText
from webapp.data.database import current_site
from webapp.data.subscriptions import PENDING, Subscription
from webapp.sites import AgreementText


@dataclass(frozen=True, slots=True)
class ShownAgreement:
    text: AgreementText
    accepted_at: datetime | None = None
    accepted_by: str = ""


def keep_text(agreement: AgreementText) -> None:
    """Word for word, once: files may change."""
    AcceptedText.insert(
        sha256=agreement.sha256,
        agreement_key=agreement.key,
        version=agreement.version,
        language=agreement.language,
        text=agreement.text,
    ).on_conflict_ignore().execute()


def binding_language(text: AgreementText) -> str:
    """Whose words count where the versions in the site's languages differ; nothing where there is one."""
    return current_site().binding_text(text.key, text.version, text.language)


def agreement_to_accept(subscription: Subscription, language: str) -> AgreementText:
    return current_site().agreement(subscription.agreement_key, language)


def shown_agreement(subscription: Subscription, language: str) -> ShownAgreement:
    """Word for word what was accepted, whatever came since; while pending, what is to be accepted."""
    if subscription.status == PENDING:
        return ShownAgreement(agreement_to_accept(subscription, language))
    acceptance = (
        Acceptance.select(Acceptance, AcceptedText, Acceptance.person.rel_model)
        .join(AcceptedText)
        .switch(Acceptance)
        .join(Acceptance.person.rel_model)
        .where(Acceptance.subscription == subscription)
        .get()
    )
    stored = acceptance.text
    text = AgreementText(stored.agreement_key, stored.version, stored.language, stored.text, stored.sha256)
    return ShownAgreement(text, acceptance.accepted_at, acceptance.person.name)
