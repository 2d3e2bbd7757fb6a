"""The one door for a status, its table in code and in the database, and idempotency records."""
