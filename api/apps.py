"""The app `api`: the HTTP manners that every endpoint has."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Problem documents, paging, idempotency keys, ETags and the OpenAPI conventions."""

    name = "api"
    verbose_name = "API"
