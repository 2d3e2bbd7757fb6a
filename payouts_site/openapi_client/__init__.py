"""From the OpenAPI document to `clients/python/paidonce/api.py`."""
