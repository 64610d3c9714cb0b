"""What the authorization server serves: a page to log in, and django-oauth-toolkit below /o."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("login", LoginView.as_view(template_name="login.html")),
    path("o/", include("oauth2_provider.urls")),
]
