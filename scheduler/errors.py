"""Errors a user can do something about; the class says what, and with it the exit code.

A bug of ours is never wrapped in one of these: it ends with exit code 1 and its traceback.
"""


class InputError(Exception):
    """What was asked for is wrong, and the one who asked can repair it. Exit code 2."""


class DataUnavailable(Exception):
    """Data that should be there is not: a feed, a file, a past run. Exit code 3."""
