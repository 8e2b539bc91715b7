"""Charts are pure functions: what goes in comes out, whatever the run has done."""

import math
import xml.etree.ElementTree as ET

import pytest

from aigc_demo.ui.page.charts import Chart, Series, chart_html, short, span, thin, ticks

SENTENCE = "{name} went from {first} to {last}."


def draw(*series, bounds=None, end=100):
    return chart_html(Chart("Losses <G>", "step", series, end, bounds), SENTENCE)


def test_a_chart_is_well_formed_and_says_what_it_shows():
    html = draw(Series("G & co", [(1, 2.0), (100, 0.5)]), Series("D", [(1, 1.0), (100, 1.5)], 2, dashed=True))
    figure = ET.fromstring(html)
    svg = figure.find("svg")
    assert svg.get("aria-label") == "Losses <G>. G & co went from 2 to 0.5. D went from 1 to 1.5."
    assert len(figure.findall(".//polyline")) == 2
    assert [key.text for key in figure.findall("figcaption/span")] == ["G & co", "D"]


def test_nothing_to_draw_is_no_chart():
    assert draw() == "" == draw(Series("D", [])) == draw(Series("D", [(1, math.nan)]))


def test_what_is_not_finite_is_left_out_and_a_spike_does_not_flatten_the_rest():
    points = [(x, 1 + x / 100) for x in range(60)]
    html = draw(Series("D", [*points, (61, math.inf), (62, math.nan), (63, 1e9)]))
    assert "nan" not in html and "inf" not in html
    assert span([y for _, y in points] + [1e9])[1] < 3


@pytest.mark.parametrize("points", [[(0, 0.0)], [(0, 5.0), (9, 5.0)], [(0, -1e-9), (9, 1e9)], [(3, 1e-12)]])
def test_flat_tiny_and_huge_ranges_are_drawn(points):
    assert ET.fromstring(draw(Series("D", points))).find(".//polyline") is not None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7), (0.001, 0.0012), (1e5, 9e6), (-1e-3, 1e-3)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high) for value in found)


def test_thinning_keeps_the_last_point_and_the_mean():
    points = [(float(x), float(x % 2)) for x in range(10_001)]
    few = thin(points)
    assert len(few) == 240 and few[-1] == points[-1]
    assert abs(sum(y for _, y in few) / len(few) - 0.5) < 0.01


def test_numbers_stay_short():
    numbers = {
        0.12345: "0.123",
        12345: "12.3k",
        2000: "2k",
        1234: "1234",
        1e-5: "1.0e−5",
        3: "3",
        2.5e6: "2.5e6",
    }
    assert {value: short(value) for value in numbers} == numbers


def test_every_chart_of_every_family_and_each_of_its_lines_is_named_in_both_languages():
    from aigc_demo.models.family import trained
    from aigc_demo.ui.page.language import Words
    from aigc_demo.ui.train.job_view import charts_html

    for row in trained():
        log = [
            {"step": step, **{key: 1.0 for lines in row.curves.values() for key, *_ in lines}}
            for step in (1, 2)
        ]
        for lang in ("en", "zh"):
            page = charts_html(row.name, log, 2, Words(), lang)
            assert page.count("<figure") == len(row.curves)
            chinese = any("一" <= character <= "鿿" for character in page)
            assert chinese == (lang == "zh")
