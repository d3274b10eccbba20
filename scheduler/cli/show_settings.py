"""`alize settings`: each value in force, and where it came from."""

from scheduler.cli.terminal import print_table
from scheduler.cli.words import opening

HELP = opening(
    "Print each setting, its value, and where the value came from.",
    "alize settings",
    "ALIZE_GAP=0.05 alize settings",
)


def show_settings() -> None:
    """Print every setting."""
    from scheduler import settings

    chosen = settings.load()
    print_table(
        ["SETTING", "VALUE", "FROM", "VARIABLE", "MEANING"],
        [
            [
                name,
                str(getattr(chosen, name)),
                settings.origin(name),
                f"{settings.PREFIX}{name.upper()}",
                field.description or "",
            ]
            for name, field in settings.Settings.model_fields.items()
        ],
    )
