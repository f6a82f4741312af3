"""What watches a training: an objective declares alarms, the loop lets them hear every report.

alarm.py          the report, the alert, and what every alarm is
numbers.py        alarms that hear losses, gradients and measures
discriminator.py  the alarm of a discriminator that has won
samples.py        alarms that look at the fixed samples

Which alarms a training has is its objective's to say. docs/alarms.md explains them to users.
"""

from trombine.objectives.alarms.alarm import JSON, Action, Alarm, Alert, Report
from trombine.objectives.alarms.discriminator import DiscriminatorWon
from trombine.objectives.alarms.numbers import NoGradient, NoProgress, NotFinite
from trombine.objectives.alarms.samples import Collapse, TintDrift

__all__ = [
    "JSON",
    "Action",
    "Alarm",
    "Alert",
    "Collapse",
    "DiscriminatorWon",
    "NoGradient",
    "NoProgress",
    "NotFinite",
    "Report",
    "TintDrift",
]
