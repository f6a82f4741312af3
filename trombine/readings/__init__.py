"""Pictures read as they are asked for: told of, drawn, and made again from a record.

asked.py    what is asked, what is said and written of a picture, the same bytes again
drawing.py  landmarks and parts drawn over the picture

Where faces are and what they are like is found in reader/.
"""
