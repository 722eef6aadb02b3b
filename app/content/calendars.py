"""A region's holidays: a country's calendar from the `holidays` library, with dates added and removed."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

from app.content.shapes import HolidaysShape


def calendar(shape: HolidaysShape) -> Callable[[int], Mapping[date, str]]:
    """The holidays of a year, by date. Raises ValueError for a country or subdivision without a calendar.

    The library is imported at the first question and asked a year at a time: building years ahead is what is slow.
    """
    if shape.country:
        _official(shape.country, shape.subdivision, 2026)

    @cache
    def of_year(year: int) -> Mapping[date, str]:
        official = dict(_official(shape.country, shape.subdivision, year)) if shape.country else {}
        official.update({day: name for day, name in shape.add.items() if day.year == year})
        for day in shape.remove:
            official.pop(day, None)
        return official

    return of_year


@cache
def _official(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    import holidays  # noqa: PLC0415 because it is slow to import and not every command asks

    try:
        # The neighbours too: a Saturday's New Year is observed on the last day of the year before.
        every = holidays.country_holidays(country, subdiv=subdivision, years=(year - 1, year, year + 1))
    except NotImplementedError:  # because that is the library's word for a country it does not know
        where = f"{country}, {subdivision}" if subdivision else country
        raise ValueError(f"there is no holiday calendar for {where}; give a country's code, as in US") from None
    return {day: name for day, name in every.items() if day.year == year}
