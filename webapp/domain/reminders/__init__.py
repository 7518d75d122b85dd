"""What is about to happen, told in time and once."""
