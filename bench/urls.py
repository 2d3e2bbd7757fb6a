"""Everything that the product serves, and the two endpoints of row 2."""

from django.urls import path

from bench.views import Guarded, Naive
from payouts_site.urls import urlpatterns as product

urlpatterns = [
    *product,
    path("bench/guarded/<int:transfer_id>", Guarded.as_view()),
    path("bench/naive/<int:transfer_id>", Naive.as_view()),
]
