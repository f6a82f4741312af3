"""The verbs as pages and over HTTP, for one person or a class, on one's own machine.

app.py        pages and paths: what a browser or a program may ask for
guard.py      who may ask: token, cookie, Host, Origin, limits, headers
api.py        a form of HTTP to a verb's arguments, and their schema, from its signature
jobs.py       what was asked and what became of it, in memory
workers.py    the processes that do jobs, one after the other
models.py     which models are offered, and what can be asked of each
examples.py   pictures for who has none at hand; names of parts and landmarks
portraits.py  a fitted person drawn again as sliders move
people.py     tests of people: links, answers, results
runs.py       trainings: their curves and samples
serving.py    the server: started, told where it is, ended
static/       the pages: hand-written HTML, CSS and ES modules
"""
