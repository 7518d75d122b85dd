"""Production as operators run it: PostgreSQL, Redis, nginx, two web servers and two workers on this machine."""
