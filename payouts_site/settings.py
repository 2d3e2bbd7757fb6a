"""All configuration, from the environment (docs/configuration.md lists every variable).

One settings module everywhere: development, tests and production differ only in their environment.
Production (DEBUG unset or false) refuses to start without the variables it cannot guess, and names them.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from payouts_site.logs import logging_settings
from payouts_site.stellar_settings import asset_issuers

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# `./dev up` writes the addresses of its own servers here; what the environment says wins.
environ.Env.read_env(
    env.str("PAIDONCE_SERVICES_FILE", default=str(BASE_DIR / ".run" / "services.env")),
    overwrite=False,
)

DEBUG = env.bool("DEBUG", default=False)

_REQUIRED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS")
_missing = [name for name in _REQUIRED if not env.str(name, default="")]
if "REDIS_URL" in _missing and env.str("BROKER_URL", default=""):
    _missing.remove("REDIS_URL")
if DEBUG and "DATABASE_URL" not in _missing:
    _missing = []
if _missing:
    raise ImproperlyConfigured(
        f"Set {', '.join(_missing)}. For development without any of them run ./dev up, "
        "which starts its own PostgreSQL and Redis."
    )

SECRET_KEY = env.str("SECRET_KEY", default="development-only-not-a-secret")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",  # indexes with an operator class
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # allauth's pages
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "payouts_site.schedule_app.ScheduleConfig",  # django_celery_beat
    "django_prometheus",
    "csp",
    "pgtrigger",
    "audit",
    "webhooks",
    "guard",
    "access",
    "api",
    "rails",
    "transfers",
    "payouts",
    "checkout",
    "payouts_site",
]

MIDDLEWARE = [
    "api.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "payouts_site.middleware.ContentSecurityPolicy",
    "payouts_site.middleware.NothingIsKept",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "payouts_site.middleware.SecondFactor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "payouts_site.urls"
WSGI_APPLICATION = "payouts_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "access.console_login.console_frame",
            ],
        },
    },
]

# --- PostgreSQL -----------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["OPTIONS"] = {
    # Threads of the web and worker processes share connections. Who finds none is answered 503; so short, because
    # behind a database that is away every thread waits for as long, and the next request waits for a thread.
    "pool": {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=20),
        "timeout": env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=1),
    },
    # An acknowledged commit must survive a crash, whatever the server's default says
    # (measured: 80 of 62,267 acknowledged commits were lost with it off).
    "options": "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=30s",
}
# Only what limits logins lives here: Redis may be lost at any time, a limit must not be.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "access_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: ids only, no ETA, no retries, results ignored (architecture, measured facts) -----------
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Another broker in its place: amqp://… is RabbitMQ. Nothing but wake-up messages travels through it.
BROKER_URL = env.str("BROKER_URL", default="")
CELERY_BROKER_URL = BROKER_URL or REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", default=32)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "payouts_site.beat:LivingScheduler"
# --- Timers (seconds) -------------------------------------------------------------------------------
SWEEP_INTERVAL_SECONDS = env.float("SWEEP_INTERVAL_SECONDS", default=10)
LEASE_SECONDS = env.float("LEASE_SECONDS", default=120)
RAIL_TIMEOUT_SECONDS = env.float("RAIL_TIMEOUT_SECONDS", default=30)
WATCH_INTERVAL_SECONDS = env.float("WATCH_INTERVAL_SECONDS", default=5)
STALE_SESSION_SECONDS = env.float("STALE_SESSION_SECONDS", default=300)
RECONCILE_INTERVAL_SECONDS = env.float("RECONCILE_INTERVAL_SECONDS", default=300)
PROBE_DELAYS_SECONDS = [
    float(delay) for delay in env.list("PROBE_DELAYS_SECONDS", default=[5, 15, 60, 300, 3600])
]
if RAIL_TIMEOUT_SECONDS * 2 > LEASE_SECONDS:
    raise ImproperlyConfigured(
        "RAIL_TIMEOUT_SECONDS must be at most half of LEASE_SECONDS: a call that outlives its lease "
        "could meet the next worker's call."
    )

# First values only: the schedule lives in the database and is edited in the console.
CELERY_BEAT_SCHEDULE = {
    "seal the audit log": {"task": "audit.seal", "schedule": timedelta(minutes=1)},
    # Only shown: a round that could not begin before the next one is dropped.
    "read balances": {
        "task": "transfers.read_balances",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "refresh quotes": {"task": "payouts.refresh_quotes", "schedule": timedelta(seconds=15)},
    # A round that a busy worker has not begun by the next one is dropped: the next one reads the same.
    "watch incoming payments": {
        "task": "checkout.watch_payments",
        "schedule": timedelta(seconds=WATCH_INTERVAL_SECONDS),
        "options": {"expires": WATCH_INTERVAL_SECONDS},
    },
    "reconcile checkout sessions": {
        "task": "checkout.reconcile_sessions",
        "schedule": timedelta(seconds=RECONCILE_INTERVAL_SECONDS),
        "options": {"expires": RECONCILE_INTERVAL_SECONDS},
    },
}

# --- Rails ------------------------------------------------------------------------------------------
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_MAX_PER_SECOND = env.float("STRIPE_MAX_PER_SECOND", default=25)
WISE_API_TOKEN = env.str("WISE_API_TOKEN", default="")
WISE_API_BASE = env.str("WISE_API_BASE", default="https://api.wise.com")
WISE_API_FAMILY = env.str("WISE_API_FAMILY", default="legacy")
WISE_PROFILE_ID = env.str("WISE_PROFILE_ID", default="")
WISE_SOURCE_CURRENCY = env.str("WISE_SOURCE_CURRENCY", default="USD")
# A PEM in one line has its line breaks written as \n.
WISE_WEBHOOK_PUBLIC_KEY = env.str("WISE_WEBHOOK_PUBLIC_KEY", default="", multiline=True)
WISE_MAX_PER_SECOND = env.float("WISE_MAX_PER_SECOND", default=10)
if WISE_API_FAMILY not in ("legacy", "calendar"):
    raise ImproperlyConfigured("WISE_API_FAMILY is legacy or calendar.")
# Stellar is on once HORIZON_URL is set. Payments come in at the receiving account and go out from the treasury.
HORIZON_URL = env.str("HORIZON_URL", default="")
STELLAR_NETWORK_PASSPHRASE = env.str("STELLAR_NETWORK_PASSPHRASE", default="")
STELLAR_RECEIVING_ACCOUNT = env.str("STELLAR_RECEIVING_ACCOUNT", default="")
STELLAR_TREASURY_SECRET = env.str("STELLAR_TREASURY_SECRET", default="")
# Code -> issuer of each asset that payouts may use by its code; XLM is always the native one.
STELLAR_ASSETS = asset_issuers(env.list("STELLAR_ASSETS", default=[]))
# How many transactions may be under way at once, one per channel. Without secrets of their own for
# the channels the treasury itself is the only source.
STELLAR_CHANNELS = env.int("STELLAR_CHANNELS", default=1)
STELLAR_CHANNEL_SECRETS = env.list("STELLAR_CHANNEL_SECRETS", default=[])
STELLAR_MAX_PER_SECOND = env.float("STELLAR_MAX_PER_SECOND", default=10)
# How long a ledger may still take a transaction after it is signed, on the ledger's clock; until then an outcome that
# nobody knows stays so. The margin is for several Horizons behind one address.
STELLAR_TX_SECONDS = env.int("STELLAR_TX_SECONDS", default=300)
STELLAR_PROOF_MARGIN_SECONDS = env.int("STELLAR_PROOF_MARGIN_SECONDS", default=15)
# The most that one payment may cost in fees; what is charged is the ledger's going rate.
STELLAR_MAX_FEE_STROOPS = env.int("STELLAR_MAX_FEE_STROOPS", default=10_000)
# Where the sandbox's control pages are, in development: its wallet pays checkout sessions.
SANDBOX_URL = env.str("SANDBOX_URL", default="")
_IS_SANDBOX_NETWORK = (
    bool(HORIZON_URL) and env.str("SANDBOX_HORIZON_URL", default="") == HORIZON_URL
)
SANDBOX_WALLET_URL = f"{SANDBOX_URL}/wallet" if SANDBOX_URL and _IS_SANDBOX_NETWORK else ""
if HORIZON_URL and not STELLAR_NETWORK_PASSPHRASE:
    raise ImproperlyConfigured(
        "HORIZON_URL needs STELLAR_NETWORK_PASSPHRASE: which network a signature is for is never guessed."
    )

# --- Webhooks out -----------------------------------------------------------------------------------
# Hosts that webhooks may be sent to although they are not public, and over http: for development and tests only.
WEBHOOK_PRIVATE_HOSTS = env.list(
    "WEBHOOK_PRIVATE_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else []
)

# --- Payout review ----------------------------------------------------------------------------------
# Bank details are encrypted under these secrets, newest first; without any, under one made from SECRET_KEY.
RECIPIENT_KEYS = env.list("RECIPIENT_KEYS", default=[])
BASE_CURRENCY = env.str("BASE_CURRENCY", default="USD")
# What one reviewer may approve in 24 hours, in the base currency.
APPROVAL_LIMIT = env.str("APPROVAL_LIMIT", default="1000000.00")
# Units of the base currency for one unit, for requests that have no quote. Rough on purpose: they bound a limit.
BASE_RATES = {
    currency: Decimal(rate)
    for currency, rate in env.dict(
        "BASE_RATES",
        default={
            "EUR": "1.15",
            "GBP": "1.35",
            "CHF": "1.25",
            "CAD": "0.75",
            "AUD": "0.70",
            "NZD": "0.62",
            "PLN": "0.28",
            "CZK": "0.05",
            "HUF": "0.003",
            "RON": "0.24",
            "SEK": "0.11",
            "NOK": "0.11",
            "DKK": "0.16",
            "TRY": "0.03",
            "JPY": "0.007",
            "INR": "0.012",
            "MXN": "0.06",
            "BRL": "0.20",
            "XLM": "0.50",
            "USDC": "1.00",
            "EURC": "1.15",
        },
    ).items()
}
# An asset written in full counts as its code does, if it is the one that the code means here.
BASE_RATES |= {
    f"{code}:{issuer}": BASE_RATES[code]
    for code, issuer in STELLAR_ASSETS.items()
    if code in BASE_RATES
}
# How much more a payout may cost at dispatch than in the quote that was signed.
QUOTE_MAX_DRIFT_PERCENT = Decimal(env.str("QUOTE_MAX_DRIFT_PERCENT", default="2"))
# From this much on, in the base currency, a reviewer at the console types the amount before approving it.
STEP_UP_AMOUNT = env.str("STEP_UP_AMOUNT", default="50000.00")

# --- People and security ----------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["access.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Off in development, so that ./dev up can be tried with a password alone.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=not DEBUG)
STEP_UP_SECONDS = env.int("STEP_UP_SECONDS", default=300)
SESSIONS_PER_PERSON = env.int("SESSIONS_PER_PERSON", default=5)
ACCOUNT_ADAPTER = "access.allauth_adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "access.console_login.ConsoleLoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE, whether the browser is closed or not
ACCOUNT_REAUTHENTICATION_TIMEOUT = STEP_UP_SECONDS
# Counted in the database, for all processes together; a right password gives its try back.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "30/5m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_ADAPTER = "access.allauth_adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "PaidOnce"
MFA_TOTP_TOLERANCE = 1  # a code of the half minute before or after, for clocks that differ
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "api.error_pages.csrf_failed"
_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# The admin theme's Alpine.js evaluates attribute expressions: 'unsafe-eval' but no inline script.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- API --------------------------------------------------------------------------------------------
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

# --- Measures: with a token whoever has it may read /metrics, without one this machine may -----------
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Logs --------------------------------------------------------------------------------------------
LOGGING = logging_settings(debug=DEBUG)
DEFAULT_EXCEPTION_REPORTER_FILTER = "payouts_site.error_reports.ReportFilter"

# --- Static files, time, language -------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".run" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "payouts_site.formats"
USE_I18N = False
LANGUAGE_CODE = "en-us"
APPEND_SLASH = False


def _page(title: str, icon: str, name: str, seen_by: str = "") -> dict[str, object]:
    """One entry of the console's sidebar; `seen_by` names the question in transfers.console.navigation."""
    entry: dict[str, object] = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}")}
    if seen_by:
        entry["permission"] = f"transfers.console.navigation.sees_{seen_by}"
    return entry


UNFOLD = {
    "SITE_TITLE": "PaidOnce",
    "SITE_HEADER": "PaidOnce",
    "SITE_SUBHEADER": "Money in and out, once",
    "SITE_SYMBOL": "verified",
    "SITE_URL": "",
    "SITE_FAVICONS": [
        {"rel": "icon", "href": f"/{STATIC_URL}console/mark.svg", "type": "image/svg+xml"}
    ],
    "SHOW_HISTORY": False,
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": reverse_lazy("mfa_index")},
            {"title": "Sessions", "link": reverse_lazy("usersessions_list")},
        ]
    },
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "ENVIRONMENT": "transfers.console.navigation.environment",
    "DASHBOARD_CALLBACK": "payouts_site.overview.dashboard_context",
    "STYLES": [f"/{STATIC_URL}console/console.css", f"/{STATIC_URL}console/review.css"],
    "SCRIPTS": [f"/{STATIC_URL}console/console.js", f"/{STATIC_URL}console/review.js"],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Money",
                "items": [
                    _page("Overview", "space_dashboard", "index"),
                    _page(
                        "Bookings", "event_available", "transfers_booking_changelist", "bookings"
                    ),
                    _page(
                        "Payout review", "fact_check", "payouts_payoutrequest_changelist", "payouts"
                    ),
                    _page(
                        "Commissions",
                        "percent",
                        "payouts_commission_changelist",
                        "commissions",
                    ),
                    _page("Transfers", "payments", "transfers_transfer_changelist", "transfers"),
                    _page(
                        "Stellar transactions",
                        "receipt_long",
                        "transfers_stellarenvelope_changelist",
                        "transfers",
                    ),
                ],
            },
            {
                "title": "Checkout",
                "separator": True,
                "items": [
                    _page(
                        "Sessions",
                        "shopping_cart",
                        "checkout_checkoutsession_changelist",
                        "checkout",
                    ),
                    _page(
                        "Incoming payments",
                        "call_received",
                        "checkout_receipt_changelist",
                        "checkout",
                    ),
                    _page("Refunds", "undo", "checkout_refund_changelist", "checkout"),
                    _page("Reconciler", "healing", "checkout_reconcilerun_changelist", "checkout"),
                ],
            },
            {
                "title": "Trust",
                "separator": True,
                "items": [
                    _page("Findings", "flag", "transfers_finding_changelist", "findings"),
                    _page("Audit log", "history_edu", "audit_entry_changelist", "audit"),
                    _page("Audit seals", "approval", "audit_seal_changelist", "audit"),
                ],
            },
            {
                "title": "Integrations",
                "separator": True,
                "items": [
                    _page(
                        "Rail events", "webhook", "transfers_railevent_changelist", "rail_events"
                    ),
                    _page(
                        "Webhook endpoints",
                        "hub",
                        "webhooks_webhookendpoint_changelist",
                        "rail_events",
                    ),
                    _page(
                        "Webhook deliveries",
                        "outgoing_mail",
                        "webhooks_webhookdelivery_changelist",
                        "rail_events",
                    ),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    _page("People", "group", "auth_user_changelist", "access"),
                    _page("Roles", "shield_person", "auth_group_changelist", "access"),
                    _page("API tokens", "key", "access_apitoken_changelist", "access"),
                    _page(
                        "Schedule",
                        "schedule",
                        "django_celery_beat_periodictask_changelist",
                        "access",
                    ),
                ],
            },
        ],
    },
}
