"""What people look at: a report in one file, with its plots.

report.py    the report: text, tables, pictures, before and after, bars and curves
plot.py      lines, points and bars with axes and intervals, as SVG
report.html  the template, with style.css (light and dark, on a phone) and script.js (sliders)
"""

from trombine.report.plot import Plot as Plot
from trombine.report.plot import Series as Series
from trombine.report.report import Report as Report
from trombine.report.report import as_json as as_json
from trombine.report.report import beside as beside
from trombine.report.report import check_page as check_page
from trombine.report.report import command as command
from trombine.report.report import data_uri as data_uri
from trombine.report.report import link as link
