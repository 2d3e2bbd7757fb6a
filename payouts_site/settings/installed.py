"""What Django runs: apps, middleware, templates, static files, time and language."""

from payouts_site.settings.environment import BASE_DIR

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

# Static files, time, language
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
