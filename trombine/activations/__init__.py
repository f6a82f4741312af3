"""What is inside a net, to be watched while a browser computes it.

graph.py      a net to a list of few operations, traced once
engine.js     those operations in JavaScript
scope.js      the element of the page: what goes in, the layers' maps, what comes out
page.py       a net as a page of one file
"""
