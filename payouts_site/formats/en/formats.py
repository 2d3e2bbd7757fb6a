"""Moments with their zone, wherever a page of Django's own shows one: "27 Nov 2026 02:38:33 UTC"."""

DATETIME_FORMAT = "j M Y H:i:s e"
