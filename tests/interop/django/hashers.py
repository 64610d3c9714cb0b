"""A hash for client secrets that are long random texts."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class RandomSecretHasher(PBKDF2PasswordHasher):
    """One iteration: nobody guesses 128 random characters. The hash for passwords takes most of a
    second, for each introspection."""

    algorithm = "random_secret"
    iterations = 1
