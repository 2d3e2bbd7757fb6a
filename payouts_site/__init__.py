"""The house: settings, urls, Celery, health and the one-command start. Knows every other room."""

from payouts_site.celery import app as celery_app

__all__ = ["celery_app"]
