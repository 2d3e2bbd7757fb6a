"""WSGI entry point for any production server."""

import os

import django
from django.core.wsgi import get_wsgi_application

from payouts_site import observe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payouts_site.settings")

# In each of the server's processes, for a thread does not survive a fork; and before the middleware is loaded.
django.setup(set_prefix=False)
observe.start("web")

application = get_wsgi_application()
