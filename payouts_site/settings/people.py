"""Who logs in, and how: passwords, second factor, limits, sessions."""

from datetime import timedelta

from django.urls import reverse_lazy

from payouts_site.settings.environment import DEBUG, env

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
# Proxies in front of it, each of which adds who called it to X-Forwarded-For: without this number the proxy's own
# address would count for everybody, and one guesser of passwords would lock all people out.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
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
