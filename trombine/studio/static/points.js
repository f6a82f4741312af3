// The landmarks of faces: 68 for each, in groups that are lines; moved alone or with their group. They are
// {points, read}: where each is, and where it was read. It knows no page.

export const COUNT = 68; // of a face
const LINE = ["#ffffff", "#1f5fa6"]; // below, so that it is seen on any picture, and above

/** What a file of landmarks says; null where it has no face. */
export function marksOf({ faces }) {
  const points = faces.flatMap((face) => face.points);
  return points.length ? { points, read: points } : null;
}

export const isMoved = ({ points, read }, at) =>
  points[at][0] !== read[at][0] || points[at][1] !== read[at][1];

/** Landmarks as inpaint takes them, those that were not moved left to the reader; null where none was. */
export function fileOf(marks, { width, height }) {
  const given = marks?.points.map((point, at) => (isMoved(marks, at) ? point : null)) ?? [];
  if (!given.some(Boolean)) return null;
  const faces = [];
  for (let at = 0; at < given.length; at += COUNT) faces.push({ points: given.slice(at, at + COUNT) });
  return JSON.stringify({ width, height, faces });
}

/** The landmarks of a group, and what it is called: "left eye". */
export function groupOf(groups, at) {
  let first = at - (at % COUNT);
  for (const { name, count, closed } of groups) {
    if (at < first + count) return { name: name.replace("_", " "), first, count, closed };
    first += count;
  }
}

/** One landmark moved, or with it all of its group. */
export function moved(marks, groups, at, dx, dy, isWhole) {
  const { first, count } = isWhole ? groupOf(groups, at) : { first: at, count: 1 };
  const points = marks.points.map(([x, y], one) => (one >= first && one < first + count ? [x + dx, y + dy] : [x, y]));
  return { points, read: marks.read };
}

/** The landmark that is nearest to a place, within so many pixels; or -1. */
export function nearest({ points }, px, py, reach) {
  let found = -1;
  points.forEach(([x, y], at) => {
    const apart = Math.hypot(x - px, y - py);
    if (apart <= reach) [found, reach] = [at, apart];
  });
  return found;
}

/** Draw them: lines of groups, then points; those that were moved filled, the one that is held larger. */
export function draw(context, marks, groups, pixel, focus) {
  const { points } = marks;
  context.lineJoin = "round";
  for (const [thick, colour] of [[3, LINE[0]], [1.3, LINE[1]]]) {
    context.lineWidth = thick * pixel;
    context.strokeStyle = colour;
    context.beginPath();
    for (let at = 0; at < points.length; ) {
      const { first, count, closed } = groupOf(groups, at);
      points.slice(first, first + count).forEach(([x, y], one) => context[one ? "lineTo" : "moveTo"](x, y));
      if (closed) context.closePath();
      at = first + count;
    }
    context.stroke();
  }
  points.forEach(([x, y], at) => {
    context.beginPath();
    context.arc(x, y, (at === focus ? 5.5 : 2.5) * pixel, 0, 2 * Math.PI);
    context.fillStyle = isMoved(marks, at) ? "#ff5a2c" : LINE[0];
    context.fill();
    context.lineWidth = (at === focus ? 2.5 : 1) * pixel;
    context.strokeStyle = at === focus ? "#000" : LINE[1];
    context.stroke();
  });
}
