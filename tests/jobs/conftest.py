"""Jobs speak with the same mail server as mail does."""

from tests.mail.conftest import mail_server

__all__ = ["mail_server"]
