"""How a webhook leaves the house: where it may go, how it is signed, how it is sent. What it says is a rule's
business."""

from webapp.webhooks.client import Answer, NotDelivered, post
from webapp.webhooks.reach import Reach, Unreachable
from webapp.webhooks.signatures import new_secret, signed_headers

__all__ = ["Answer", "NotDelivered", "Reach", "Unreachable", "new_secret", "post", "signed_headers"]
