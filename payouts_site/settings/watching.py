"""Logs, error reports and /metrics."""

from payouts_site.logs import logging_settings
from payouts_site.settings.environment import DEBUG, env

# Whoever has the token may read /metrics; without one, only this machine may.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOGGING = logging_settings(debug=DEBUG)
DEFAULT_EXCEPTION_REPORTER_FILTER = "payouts_site.error_reports.ReportFilter"

# Where errors and traces are sent, if anywhere (payouts_site/observe).
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
