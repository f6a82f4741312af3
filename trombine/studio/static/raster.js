// A mask as numbers, one byte a pixel: 0 is kept, 1 is to be painted, and from PART on as the part of a
// face whose label is that much less: so parts lie inside the hole alone. With it a face's landmarks
// (points.js). It knows no page, and so is easily tested. A stroke is what lies between begin() and end(), and is undone as a whole: of each the rectangle
// that it changed is kept, before and after.

export const PART = 2;
const UNKNOWN = 255; // a label that says nothing
const MOST_KEPT = 1 << 26; // bytes of strokes that can be undone
const weight = (step) => (step.box ? 2 * step.before.length : 0);

export class Raster {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
    this.count = 0; // pixels that are to be painted
    this.marks = null; // landmarks, and where they were read
    this.done = [];
    this.undone = [];
    this.kept = 0;
    this.stroke = null;
  }

  begin() {
    this.end();
    this.stroke = { before: this.data.slice(), box: null };
  }

  /** Keep the stroke; the box that it changed, or null. */
  end() {
    const stroke = this.stroke;
    this.stroke = null;
    if (!stroke?.box) return null;
    const { box } = stroke;
    const step = { box, before: this.cut(stroke.before, box), after: this.cut(this.data, box) };
    if (step.before.every((value, at) => value === step.after[at])) return null;
    this.push(step);
    return box;
  }

  push(step) {
    this.done.push(step);
    this.undone = [];
    this.kept += weight(step);
    while (this.kept > MOST_KEPT && this.done.length > 1) this.kept -= weight(this.done.shift());
  }

  /** Have other landmarks than `before`: undone as a stroke is. */
  place(marks, before = this.marks) {
    this.end();
    this.marks = marks;
    this.push({ box: null, before, after: marks });
  }

  /** Set what is at most `radius` from the line between two points to `value`; inside the hole alone. */
  capsule(x0, y0, x1, y1, radius, value, isInside = false) {
    const box = this.clipped(
      Math.min(x0, x1) - radius,
      Math.min(y0, y1) - radius,
      Math.max(x0, x1) + radius,
      Math.max(y0, y1) + radius,
    );
    if (!box) return null;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    const most = Math.max(radius, 0.5) ** 2; // the smallest brush still sets a pixel
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        if ((px - along * dx) ** 2 + (py - along * dy) ** 2 <= most) {
          this.put(y * this.width + x, value, isInside);
        }
      }
    }
    return this.touched(box);
  }

  /** Set what is marked in `marks`, a byte a pixel, to `value`. */
  fill(marks, value) {
    for (let at = 0; at < marks.length; at++) if (marks[at]) this.put(at, value);
    return this.touched(this.whole());
  }

  /** Set those pixels of a box to `value` of which `isInside` says so, by their number in it. */
  stamp(box, isInside, value) {
    const wide = box.right - box.left;
    for (let at = 0; at < wide * (box.bottom - box.top); at++) {
      if (isInside(at)) this.put((box.top + Math.floor(at / wide)) * this.width + box.left + (at % wide), value);
    }
    return this.touched(box);
  }

  /** Have all of another mask's pixels in place of these. */
  replace(data) {
    for (let at = 0; at < data.length; at++) this.set(at, data[at]);
    return this.touched(this.whole());
  }

  invert() {
    for (let at = 0; at < this.data.length; at++) this.set(at, this.data[at] ? 0 : 1);
    return this.touched(this.whole());
  }

  undo() {
    this.end();
    const step = this.done.pop();
    if (!step) return null;
    this.undone.push(step);
    this.kept -= weight(step);
    return this.turn(step.box, step.before);
  }

  redo() {
    this.end();
    const step = this.undone.pop();
    if (!step) return null;
    this.done.push(step);
    this.kept += weight(step);
    return this.turn(step.box, step.after);
  }

  turn(box, state) {
    if (box) return this.paste(box, state);
    this.marks = state;
    return null;
  }

  /** What was begun, as if it had not been. */
  abandon() {
    const stroke = this.stroke;
    this.stroke = null;
    if (!stroke?.box) return null;
    return this.paste(stroke.box, this.cut(stroke.before, stroke.box));
  }

  set(at, value) {
    this.count += (value > 0) - (this.data[at] > 0);
    this.data[at] = value;
  }

  /** Set a pixel as a brush does: parts change where the hole is, and the hole keeps its parts. */
  put(at, value, isInside = false) {
    const old = this.data[at];
    this.set(at, isInside ? old && value : value && (old || value));
  }

  /** The labels that were painted, UNKNOWN where none was; null without any. */
  labels() {
    if (!this.data.some((value) => value >= PART)) return null;
    return this.data.map((value) => (value >= PART ? value - PART : UNKNOWN));
  }

  /** The rectangle of the hole. */
  bounds() {
    const { width, height, data } = this;
    const box = { left: width, top: height, right: 0, bottom: 0 };
    for (let y = 0; y < height; y++) {
      const row = data.subarray(y * width, (y + 1) * width);
      const first = row.findIndex((value) => value);
      if (first < 0) continue;
      box.left = Math.min(box.left, first);
      box.right = Math.max(box.right, row.findLastIndex((value) => value) + 1);
      box.top = Math.min(box.top, y);
      box.bottom = y + 1;
    }
    return box;
  }

  touched(box) {
    const old = this.stroke?.box;
    if (this.stroke) {
      this.stroke.box = old
        ? {
            left: Math.min(old.left, box.left),
            top: Math.min(old.top, box.top),
            right: Math.max(old.right, box.right),
            bottom: Math.max(old.bottom, box.bottom),
          }
        : box;
    }
    return box;
  }

  whole() {
    return { left: 0, top: 0, right: this.width, bottom: this.height };
  }

  clipped(left, top, right, bottom) {
    const box = {
      left: Math.max(0, Math.floor(left) - 1),
      top: Math.max(0, Math.floor(top) - 1),
      right: Math.min(this.width, Math.ceil(right) + 1),
      bottom: Math.min(this.height, Math.ceil(bottom) + 1),
    };
    return box.left < box.right && box.top < box.bottom ? box : null;
  }

  cut(data, box) {
    const wide = box.right - box.left;
    const part = new Uint8Array(wide * (box.bottom - box.top));
    for (let y = box.top; y < box.bottom; y++) {
      const start = y * this.width + box.left;
      part.set(data.subarray(start, start + wide), (y - box.top) * wide);
    }
    return part;
  }

  paste(box, part) {
    const wide = box.right - box.left;
    for (let at = 0; at < part.length; at++) {
      this.set((box.top + Math.floor(at / wide)) * this.width + box.left + (at % wide), part[at]);
    }
    return box;
  }
}

/** What is at most `radius` pixels from what is marked: a byte a pixel. */
export function grown(marks, width, height, radius) {
  const result = new Uint8Array(marks);
  const whole = Math.ceil(radius);
  const disc = [];
  for (let y = -whole; y <= whole; y++) {
    for (let x = -whole; x <= whole; x++) if (x * x + y * y <= radius * radius) disc.push([x, y]);
  }
  const at = (x, y) => x >= 0 && y >= 0 && x < width && y < height && marks[y * width + x];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!at(x, y) || (at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1))) continue;
      for (const [dx, dy] of disc) {
        const [px, py] = [x + dx, y + dy];
        if (px >= 0 && py >= 0 && px < width && py < height) result[py * width + px] ||= 1;
      }
    }
  }
  return result;
}

/** A mask, or labels, as the server takes it: width, height, a byte a pixel; gzipped. */
export async function packed({ width, height }, data, kind = "mask") {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, width, true);
  head.setUint32(4, height, true);
  const stream = new Blob([head, data]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  return new Blob([bytes], { type: `application/x-trombine-${kind}` });
}
