"""Subscriptions as their administrators see and change them."""
