"""A small client of the PaidOnce API: `PaidOnce(url, token)` has a method for each operation.

`http.py` is written by hand: time limits, errors, and trying again without doing anything twice. `api.py` is generated
from the OpenAPI file (`./dev client`). Needs Python 3.11 and httpx2.
"""

from paidonce.api import PaidOnce
from paidonce.http import ApiError, NoAnswer

__all__ = ["ApiError", "NoAnswer", "PaidOnce"]
