"""The REST API, its tokens, and the OpenAPI schema."""

from datetime import timedelta

from payouts_site.settings.environment import env

DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # a booking of 10,000 people with long names
# Calls of one token in a minute; 0 = no limit.
API_MAX_PER_MINUTE = env.int("API_MAX_PER_MINUTE", default=12_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "access.authentication.BearerTokenAuthentication",
        "access.authentication.ConsoleSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["access.permissions.MayUseApi"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttle.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "api.problems.problem_response",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PaidOnce API",
    "DESCRIPTION": "Everybody who is owed money gets it exactly once.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.describe_problems",
        "payouts_site.api.examples.add_examples",
        "payouts_site.api.links.add_links",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AttemptOutcome": "transfers.api.serializers.ATTEMPT_OUTCOMES",
        "AuditOutcome": "audit.models.Outcome",
        "BookingStatus": "transfers.models.BookingStatus",
        "DisputeStatus": "checkout.models.DisputeStatus",
        "FindingState": "transfers.models.FindingState",
        "KycStatus": "payouts.models.KycStatus",
        "PayOutcome": "transfers.api.serializers.OUTCOMES",
        "PayoutRail": "payouts.models.PayoutRail",
        "PayoutStatus": "payouts.models.PayoutStatus",
        "ReceiptState": "checkout.models.ReceiptState",
        "RefundStatus": "checkout.models.RefundStatus",
        "SessionStatus": "checkout.models.SessionStatus",
        "Rail": "transfers.models.Rail",
        "TransferStatus": "transfers.models.TransferStatus",
        "WebhookDeliveryState": "webhooks.models.DeliveryState",
        "WebhookEndpointStatus": "payouts_site.api.webhook_shapes.ENDPOINT_STATUSES",
        "WebhookEventType": "payouts_site.api.webhook_shapes.EVENTS",
    },
}
KNOX_TOKEN_MODEL = "access.ApiToken"  # noqa: S105 - a model's name, not a secret
MIGRATION_MODULES = {"knox": None}  # its migrations create the table that ours replaces
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Bearer"}
