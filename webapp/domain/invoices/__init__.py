"""Invoices and credit notes: what they say, their numbers and tax, who gets them, and their files."""
