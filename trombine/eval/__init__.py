"""How good pictures are, in numbers that another person can reproduce.

restoration.py       results against their truths: the whole picture, inside a hole, on its rim
fidelity.py          how two sets of pictures differ, as their features lie
methods.py           nets and plain baselines by name, one table a task
compare.py           methods under a protocol: run, measured, ranked
protocol_files.py    protocols as files, and the pictures of one; protocols/ has those shipped
moments.py           Fréchet's distance of sets of any size, read in pieces
originality.py       the nearest references of each picture, and verdicts with known false alarms
search.py            which of many pictures are most like one, and which it is a copy of
planted.py           copies that are planted, to learn which of them are found
sets.py              a set of pictures: of a folder, a pack or a data spec
audit.py             what is wrong with a set of pictures: doubles, faults, leaks
people.py            a test of people, real or generated: its page, its key, the answers to it
people_score.py      what the answers say: accuracy, kappas, how many are needed; its page
people.html          the page of the test, with people.css and people.js
witness.py           what the witness reads: a net that no training learns from
published.py         nets that others published, as judges
stats.py             intervals and p-values, by SciPy

Measures of single pictures are in metrics/.
"""
