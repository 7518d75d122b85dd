"""The shop is told what happens."""
