"""How a subscription is paid, and what was paid."""
