"""What the shop may ask and do: its keys, and what it is told."""
