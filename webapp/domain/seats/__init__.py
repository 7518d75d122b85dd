"""Licenses given to people, one by one or by file."""
