"""Repairing what is under a hole: from a picture of any size and a mask to files.

    masks.py        which pixels are the hole
    scratches.py    what hands and time did to a print, detected
    damaged.py      a picture while it is repaired: what is known of it, what is painted
    windows.py      the windows of a picture that nets look at, and back
    faces.py        faces under holes: their frames, parts and landmarks
    steering.py     parts and landmarks that the user gives
    surroundings.py colours and noise of what was painted, like those round it
    symmetry.py     the hidden side of a large face, from its other side
    fitted.py       hidden eyes, mouths, glasses, with lines of the person who looks like the face
    hair.py         another hair style
    repeating.py    what the surroundings repeat (stripes, bricks, edges), continued
    copying.py      textures put together from patches; loops of both are in kernel_copy.py
    repairing.py    a hole painted, window after window
    inpaint.py      one picture to its files, or one that a program holds

The nets are in nets/, their weights in models/zoo/; the verb is commands/inpaint.py.
"""
