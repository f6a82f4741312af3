"""One page that shows what trombine does, made on the spot: `python -m trombine.demo`.

__main__.py   the command
build.py      which sections the page has, and how many pictures each
faces.py      the face world: styles, parts, landmarks, crowds, variations, paths; leaves
fractals.py, masks.py, damage.py   what data are made of: fractals, holes, spoilt pictures
repair.py    the inpainting net beside plain methods, measured
restyling.py   a photograph and a film in other styles
inventing.py   faces from seeds, steered, on a walk; a net's beside what it learned from
enlarging.py   what methods without a net make of small pictures, measured
training.py   a net that enlarges, and a training

The pictures are of seeds for choosing (from 1,000,000): no shipped net trains on them, and
looking at them uses up none of the frozen protocols' seeds. So the numbers on the page are to
look at; the numbers to quote are made by bench/ under protocol seeds, and logged.
"""
