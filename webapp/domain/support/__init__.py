"""Agents, their visits, and why a customer is stuck."""
