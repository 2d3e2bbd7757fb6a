"""The product's own settings, plus the benchmarks' endpoints and their yardsticks' table."""

from payouts_site.settings import *  # noqa: F403 - a settings module extends another one this way
from payouts_site.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "bench"]
ROOT_URLCONF = "bench.urls"
