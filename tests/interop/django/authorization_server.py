"""django-oauth-toolkit as an authorization server, at http://127.0.0.1:PORT/o, for the
interoperability tests. Run with PORT, a folder for its database, and the lifetime of access tokens
in seconds."""

import sys
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command

PORT, FOLDER, SECONDS = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
LOGIN = '<form method="post" action="">{% csrf_token %}{{ form }}<button name="in">Log in</button></form>'

settings.configure(
    ROOT_URLCONF="urls",
    SECRET_KEY="a-secret-for-tests-only",
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "database"}},
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"login.html": LOGIN}),
                    "django.template.loaders.app_directories.Loader",
                ]
            },
        }
    ],
    LOGIN_URL="/login",
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "hashers.RandomSecretHasher",
    ],
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "SCOPES": {"openid": "Who you are", "oscal:read": "Read documents"},
        "ACCESS_TOKEN_EXPIRE_SECONDS": SECONDS,
        "CLIENT_SECRET_HASHER": "random_secret",
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": KEY.decode(),
    },
)


def client(client_id, secret, grant, **more):
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=client_id,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
        **more,
    )


if __name__ == "__main__":
    django.setup()
    if not (FOLDER / "database").exists():
        call_command("migrate", verbosity=0)
        from django.contrib.auth.models import User

        User.objects.create_user("alice", password="wonderland")
        # The MCP server, with a secret full of characters that Basic must encode.
        client("mcp", "hush:+/%& é", "client-credentials")
        client("machine", "machine-secret", "client-credentials")
        client(
            "desktop",
            "desktop-secret",
            "authorization-code",
            redirect_uris="http://127.0.0.1:9/callback",
            algorithm="RS256",
            skip_authorization=True,
        )
    call_command("runserver", f"127.0.0.1:{PORT}", "--noreload")
