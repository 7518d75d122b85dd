"""What becomes of a subscription: activated, more or fewer licenses, renewed, ended."""
