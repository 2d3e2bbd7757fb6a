from payouts_site.urls import urlpatterns
