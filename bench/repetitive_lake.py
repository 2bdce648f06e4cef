"""A lake that repeats itself as a single house's would: the measured house, in 76 homes."""

from dataclasses import replace
from pathlib import Path

from ckanext.export.demo.homes import measured_home
from ckanext.export.demo.house import DAYS, read_house
from ckanext.export.demo.lake import new_directory, write_day
from ckanext.export.demo.observations import Recorder, day_name

HOMES = 76
ROWS_A_DAY = 70_620  # about: 26 entities, each with one attributes text
MOST_DAYS = DAYS  # 9,745,632 observations


def make_repetitive_lake(directory: Path, days: int) -> int:
    """Writes up to 138 days and returns the number of observations; same days, same bytes."""
    house = read_house()
    measured = sorted(measured_home(), key=lambda entity: entity.entity_id)
    entities = [
        replace(entity, home=f"repetitive-home-{number:02d}")
        for number in range(HOMES)
        for entity in measured
    ]
    recorder, rows = Recorder(house, entities), 0
    with new_directory(directory) as unfinished:
        for number in range(min(days, MOST_DAYS)):
            rows += write_day(recorder.day(number), unfinished / f"date={day_name(number)}")
    return rows
