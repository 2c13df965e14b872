"""Rules over tables: order, neighbours, extremes, differences, comparisons and runs, in English and in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.helpers import answered, opened, values_of

RACES = (
    "Year;Race;Winner;City;Laps;Prize",
    "2001;Grand Harbour;Ada Long;Oslo;40;900",
    "2002;Alpine Round;Ben Moor;Bern;52;1200",
    "2003;Desert Run;Ben Moor;Cairo;61;700",
    "2004;Island Tour;Ben Moor;Palma;35;400",
    "2005;Coast Prize;Cleo Hart;Oslo;48;1500",
    "2006;Forest Loop;Ada Long;Turku;44;650",
)
STOCK = ("产品;仓库;数量;单价", "螺丝;东库;120;2", "螺母;东库;80;3", "垫片;西库;300;1", "铆钉;西库;45;5", "弹簧;北库;60;8")


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Which race came right after Desert Run?", "Island Tour"),
        ("Which race was before Alpine Round?", "Grand Harbour"),
        ("What is the last race listed?", "Forest Loop"),
        ("Which race had the most laps?", "Desert Run"),
        ("What is the difference in laps between Grand Harbour and Coast Prize?", "8"),
        ("Which race had more laps, Island Tour or Alpine Round?", "Alpine Round"),
        ("How many races were in Oslo?", "2"),
        ("How many races had more than 45 laps?", "3"),
        ("How many consecutive years did Ben Moor win?", "3"),
        ("What is the total prize of Ada Long?", "1550"),
        ("What is the average number of laps in Oslo?", "44.0"),
    ],
)
def test_english(question: str, value: str, tmp_path: Path) -> None:
    with opened(tmp_path, races=RACES) as (tables, connection):
        assert values_of(answered(question, tables["races"], connection))[0] == value


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("东库的数量总和是多少？", "200"),
        ("哪种产品的单价最高？", "弹簧"),
        ("数量超过70的产品有多少种？", "3"),
        ("螺丝和垫片的数量相差多少？", "180"),
        ("西库的平均单价是多少？", "3.0"),
    ],
)
def test_chinese(question: str, value: str, tmp_path: Path) -> None:
    with opened(tmp_path, stock=STOCK) as (tables, connection):
        assert values_of(answered(question, tables["stock"], connection))[0] == value
