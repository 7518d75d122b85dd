"""What shops and ERPs send, read field by field: what is refused, where and why."""
