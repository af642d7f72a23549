"""What goes wrong in a year, by name: how it begins, and how it is over again.

Each thing has a stretch of the full beat to itself: it begins with the stretch, is over after a
third of it, and the rest shows what is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from year.year import Year

CRMS: Final = ("salesforce", "hubspot", "dynamics", "files")
DIALERS: Final = ("aircall", "five9")
MAILERS: Final = ("mailchimp", "activecampaign")


def nothing(_year: Year) -> None:
    """It is over by itself."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One of them."""

    begins: Callable[[Year], None]
    ends: Callable[[Year], None] = nothing


def _away(*names: str) -> Thing:
    def begins(year: Year) -> None:
        for name in names:
            year.house.cut_off(name)

    def ends(year: Year) -> None:
        for name in names:
            year.house.reach(name)

    return Thing(begins, ends)


def _kill(year: Year) -> None:
    year.armed = year.r.randrange(1, 400)


def _leave(year: Year) -> None:
    year.leaves_at = year.r.randrange(2, 60)


def _full(year: Year) -> None:
    year.house.fill_disk()


def _room(year: Year) -> None:
    year.house.make_room()


def _jump(hours: float) -> Thing:
    def begins(year: Year) -> None:
        year.jumps += 1
        year.house.clock.ahead = timedelta(hours=hours)

    def ends(year: Year) -> None:
        year.house.clock.ahead = timedelta()

    return Thing(begins, ends)


def _tokens(year: Year) -> None:
    """Everybody's access ends at once, as after a change of passwords."""
    tickets: Mapping[str, Callable[[Any], object]] = {
        "salesforce": lambda place: place.vendor.desk.tickets.revoke(),
        "hubspot": lambda place: place.vendor.tickets.access.clear(),
        "dynamics": lambda place: place.site.tenant.revoke(),
    }
    for name, end in tickets.items():
        if name in year.house.places:
            end(year.house.places[name])


def _other_secret(year: Year) -> None:
    """The administrator of Salesforce makes a new secret; ours learns of it later."""
    if "salesforce" not in year.house.places:
        return
    tickets: Any = year.house.places["salesforce"].vendor.desk.tickets  # type: ignore[attr-defined]
    tickets.app.secret = f"opdigtet-hemmelighed-{year.r.randrange(1000)}"
    tickets.revoke()
    year.house.excused.add("salesforce")


def _new_secret(year: Year) -> None:
    year.house.set()
    year.house.excused.discard("salesforce")
    year.reload()


def _other_settings(year: Year) -> None:
    year.house.set(jobs={"run": "every 2 minutes", "poll": "every 30 seconds"})
    year.reload()


def _old_settings(year: Year) -> None:
    year.house.set()
    year.reload()


def _deafen(year: Year) -> None:
    year.house.deaf = True


def _hear(year: Year) -> None:
    year.house.deaf = False


def _trouble(year: Year) -> None:
    """Each system fails in a way of its own."""
    for place in year.house.places.values():
        year.house.seen[place.spoil(year.r)] += 1


def _calm(year: Year) -> None:
    for place in year.house.places.values():
        place.calm()


def _off(hours: float) -> Thing:
    def begins(year: Year) -> None:
        year.off(timedelta(hours=hours))

    return Thing(begins)


THINGS: Final[Mapping[str, Thing]] = {
    "an ordinary hour": Thing(nothing),
    "salesforce away": _away("salesforce"),
    "hubspot away": _away("hubspot"),
    "dynamics away": _away("dynamics"),
    "the folder away": _away("files"),
    "a dialer away": _away("aircall"),
    "both dialers away": _away(*DIALERS),
    "mail systems away": _away(*MAILERS),
    "nobody reached": _away(*CRMS[:3], *DIALERS, *MAILERS),
    "killed": Thing(_kill),
    "asked to stop": Thing(_leave),
    "disk full": Thing(_full, _room),
    "clock two hours ahead": _jump(2),
    "clock two hours behind": _jump(-2),
    "clock three days ahead": _jump(72),
    "tokens ended": Thing(_tokens),
    "secret changed": Thing(_other_secret, _new_secret),
    "settings changed": Thing(_other_settings, _old_settings),
    "alarms do not arrive": Thing(_deafen, _hear),
    "answers lost": Thing(_trouble, _calm),
    "machine off for a night": _off(11),
    "machine off for a week": _off(7 * 24),
}
