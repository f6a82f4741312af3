"""What people look at: a report in one file, with its plots.

report.py    the report: text, tables, pictures, before and after, bars and curves
plot.py      lines, points and bars with axes and intervals, as SVG
report.html  the template, with style.css (light and dark, on a phone) and script.js (sliders)
"""

from trombine.report.plot import Plot, Series
from trombine.report.report import Report, as_json, beside, check_page, command, data_uri, link

__all__ = [
    "Plot",
    "Report",
    "Series",
    "as_json",
    "beside",
    "check_page",
    "command",
    "data_uri",
    "link",
]
