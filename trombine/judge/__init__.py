"""How good pictures are, in numbers that another person can reproduce.

restoration.py       results against their truths: the whole picture, inside a hole, on its rim
restoration_page.py  the same as text, as JSON and as a page
fidelity.py          how two sets of pictures differ, as their features lie
fidelity_fields.py   what the witness reads of two sets: which faces are missing, which overdone
fidelity_report.py   both of two sets: as values, as text, as JSON
fidelity_page.py     the same as a page
fidelity_sets.py     the pictures of a set, drawn and as the witness sees them
compare.py           methods under a protocol: run as their users run them, measured, kept
compare_sets.py      the same of methods that invent, whose pictures are judged as a set
compare_child.py     a method of methods/ as a command; launcher.py: what a command takes
compare_report.py    the same ranked: as values, text and JSON;  compare_page.py: as a page
protocol_files.py    protocols as files, and the pictures of one; protocols/ has those shipped
similar.py           which of many pictures are most like one: SSIM with every one of them
copies.py            whether a picture is a copy of one: also mirrored, cropped, recoloured, ...
planted.py           copies that are planted, to learn which of them are found
originality.py       the nearest references of each picture, and verdicts with known false alarms
originality_page.py  the same as text, as JSON and as a page
sets.py              a set of pictures: of a folder, a pack or a data spec
witness.py           what the witness reads: a net that no training learns from
bootstrap.py         intervals: how far a figure would move with other pictures of the kind
audit.py             what is wrong with a set of pictures: doubles, faults, leaks
audit_page.py        the same as text, JSON, CSV, a list of what to keep, and a page
people.py            a test of people, real or generated: its page, its key, the answers to it
people_figures.py    accuracy, d', kappas, and how many answers a question needs
people_report.py     what the answers say: as values, as text, as a page
people.html          the page of the test, with people.css and people.js

What the verbs ask for is in verbs/; measures of single pictures are in measures/, and methods in
methods/.
"""
