"""All configuration, from the environment (docs/configuration.md lists every variable).

One settings module everywhere: development, tests and production differ only in their environment.
A file a subject; each reads what it needs from `environment`, so that their order here means nothing:

environment    where variables come from, which ones production refuses to start without, addresses
installed      apps, middleware, templates, static files, time and language
database       PostgreSQL, its pool and its guarantees; the cache
queue          the broker, Celery, and the first values of its schedule
timers         sweeps, leases, probes and watches, in seconds
stripe, wise, stellar    the rails: keys, addresses, limits
review         payout review: approval limits, rates, quotes, the keys of bank details
people         logins, passwords, second factor, sessions
browser        cookies, HTTPS and the content security policy
api            REST, tokens, limits and the OpenAPI schema
webhooks       webhooks out
watching       logs, error reports and /metrics
console        how the admin looks
sidebar        what the admin's sidebar lists
"""

from payouts_site.settings.api import *
from payouts_site.settings.browser import *
from payouts_site.settings.console import *
from payouts_site.settings.database import *
from payouts_site.settings.environment import *
from payouts_site.settings.installed import *
from payouts_site.settings.people import *
from payouts_site.settings.queue import *
from payouts_site.settings.review import *
from payouts_site.settings.stellar import *
from payouts_site.settings.stripe import *
from payouts_site.settings.timers import *
from payouts_site.settings.watching import *
from payouts_site.settings.webhooks import *
from payouts_site.settings.wise import *
