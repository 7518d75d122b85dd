"""Signatures as Standard Webhooks wants them; while a secret is replaced, one of each."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from standardwebhooks import Webhook

_SECRET_BYTES = 32


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: str, *, by: Iterable[str], now: datetime) -> Mapping[str, str]:
    """`by`: the secrets, newest first. `now` is that of this try, so that an old one can't be sent again."""
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in by]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
