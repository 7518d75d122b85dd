"""Reports of failed deliveries as servers of several kinds write them."""

from __future__ import annotations

MESSAGE_ID = "<0123456789abcdef0123456789abcdef@fr.localhost>"


def report(
    message_id: str = MESSAGE_ID,
    *,
    to: str = "alice@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    words: str = "smtp; 550 5.1.1 <alice@example.com>: Recipient address rejected:\n    User unknown",
    returned: str = "message/rfc822",
    answers: str = "",
    status_type: str = "message/delivery-status",
) -> bytes:
    """`returned`: what comes back of the mail, or nothing at all."""
    parts = [
        "Content-Type: text/plain; charset=utf-8\n\nI’m sorry to tell you …\n",
        f"Content-Type: {status_type}\n\n"
        f"Reporting-MTA: dns; mx.example.net\nArrival-Date: Sun, 22 Nov 2026 12:00:00 +0000\n\n"
        f"Original-Recipient: rfc822;{to}\nFinal-Recipient: rfc822; forwarded@elsewhere.example\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: {words}\n",
    ]
    if returned:
        parts.append(
            f"Content-Type: {returned}\n\nSubject: =?utf-8?q?Vos_acc=C3=A8s?=\n"
            f"Message-ID: {message_id}\nX-Portal-Site: fr\n\nBonjour …\n"
        )
    told = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\n"
        "To: subscriptions@portal.example\nSubject: Undelivered Mail Returned to Sender\n"
        f"{answers}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="apart"\n\n'
        + "".join(f"--apart\n{part}\n" for part in parts)
        + "--apart--\n"
    )
    return told.encode()
