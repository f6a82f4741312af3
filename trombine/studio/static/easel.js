// The picture with its mask over it, and parts and landmarks of faces: painted and moved by mouse, pen,
// fingers or keys; zoomed and moved.

import { draw, moved, nearest } from "./points.js";
import { PART, Raster } from "./raster.js";

const MOST_SCALE = 32; // pixels of the screen for one of the picture
const TINT = [72, 56, 255, 150]; // unlike skin, hair and most clothes
const PALE = 70; // of 255: the tint where parts are shown
const READ = 120; // how strong parts are that were read,
const PAINTED = 215; // and those that were painted
const STEP = 2; // pixels of the picture that an arrow moves the brush; ten times with Shift
const REACH = { mouse: 12, pen: 16, touch: 26 }; // pixels of the page to a landmark that is taken
const AREAS = ["rectangle", "lasso"]; // tools that go round what they paint
const PAUSE = 250; // milliseconds after which fingers on a trackpad begin anew
const NOTCH = 120; // what a notch of a wheel counts
const word = (colour) => new Uint32Array(new Uint8ClampedArray(colour).buffer)[0];

/** Whether this is of a wheel, which turns by notches and one way only, and of no trackpad. The mode is
 * read first: Firefox tells of lines only who asks for it before the rest. */
const isNotch = ({ deltaMode, deltaX, wheelDeltaY }) =>
  deltaMode !== WheelEvent.DOM_DELTA_PIXEL || (!deltaX && wheelDeltaY % NOTCH === 0);

export class Easel extends HTMLElement {
  connectedCallback() {
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute(
      "aria-label",
      "Picture and mask. Arrow keys move the brush or a landmark, Enter sets the brush down and lifts it.",
    );
    this.append(this.canvas);
    this.context = this.canvas.getContext("2d");
    this.tool = "brush";
    this.radius = 12;
    this.colours = []; // of the parts, by their labels: colour, and whether it is drawn only where painted
    this.groups = []; // of the landmarks
    this.partAt = () => 1; // what the brush of parts paints at a place
    this.shows = { parts: false, points: false };
    this.focused = 0; // a landmark
    this.isWhole = false; // whether one is moved with its group
    this.pointers = new Map();
    this.slid = -Infinity; // when fingers last moved the picture on a trackpad
    this.view = { scale: 1, left: 0, top: 0 }; // of the picture's corner, in pixels of the canvas
    for (const kind of ["down", "move", "up", "cancel", "leave"]) {
      this.canvas.addEventListener(`pointer${kind}`, (event) => this[kind](event));
    }
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.keyed(event));
    this.canvas.addEventListener("blur", () => this.lift());
    new ResizeObserver(() => this.fit()).observe(this);
    addEventListener("resize", () => this.fit());
  }

  /** Show this picture (an image element that is loaded), with an empty mask. */
  load(image) {
    this.image = image;
    this.raster = new Raster(image.naturalWidth, image.naturalHeight);
    this.tint = new OffscreenCanvas(this.raster.width, this.raster.height);
    this.layer = new OffscreenCanvas(this.raster.width, this.raster.height);
    this.labels = null; // the parts that were read
    this.result = null; // what the picture became,
    this.isAfter = false; // and whether that is shown in its place
    this.path = null; // what a rectangle or a lasso goes round
    this.focused = 0;
    this.cursor = null;
    this.isDown = false;
    this.fit();
    this.changed(this.raster.whole());
  }

  // What is done to the mask; each tells who listens for "change".

  stroke(act) {
    if (!this.raster) return;
    this.raster.begin();
    const box = act(this.raster);
    this.raster.end();
    this.changed(box);
  }

  undo() {
    this.changed(this.raster?.undo());
  }

  redo() {
    this.changed(this.raster?.redo());
  }

  changed(box) {
    if (box) {
      this.isAfter = false; // what is painted is to be seen
      const isShown = this.shows.parts;
      const inks = new Uint32Array(256).fill(word(TINT));
      inks[0] = 0;
      if (isShown) inks[1] = word([...TINT.slice(0, 3), PALE]);
      if (isShown) this.colours.forEach(({ colour }, label) => (inks[PART + label] = word([...colour, PAINTED])));
      this.fill(this.tint, this.raster.data, inks, box);
    }
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  /** Colour a box of a canvas by a byte for each pixel. */
  fill(canvas, data, inks, box) {
    const [wide, high] = [box.right - box.left, box.bottom - box.top];
    const pixels = new ImageData(wide, high);
    const words = new Uint32Array(pixels.data.buffer);
    for (let y = 0; y < high; y++) {
      const row = (box.top + y) * this.raster.width + box.left;
      for (let x = 0; x < wide; x++) words[y * wide + x] = inks[data[row + x]];
    }
    canvas.getContext("2d").putImageData(pixels, box.left, box.top);
  }

  /** Show the picture as it became, an image element, or as it was. */
  swap(result, isAfter) {
    [this.result, this.isAfter] = [result, isAfter];
    this.changed(null);
  }

  /** Draw parts anew, once they were read or are shown otherwise. */
  recolour() {
    if (!this.raster) return;
    const inks = new Uint32Array(256);
    this.colours.forEach(({ colour, isPlain }, label) => (inks[label] = isPlain ? 0 : word([...colour, READ])));
    if (this.labels) this.fill(this.layer, this.labels, inks, this.raster.whole());
    this.changed(this.raster.whole());
  }

  // Where things are.

  fit() {
    if (!this.image || !this.clientWidth) return;
    const { width, height } = this.raster;
    const shown = Math.min(this.clientWidth * (height / width), innerHeight * 0.68);
    this.canvas.style.height = `${Math.max(180, Math.round(shown))}px`;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    const scale = Math.min(this.canvas.width / width, this.canvas.height / height);
    this.least = Math.min(scale, 1);
    this.view = {
      scale,
      left: (this.canvas.width - width * scale) / 2,
      top: (this.canvas.height - height * scale) / 2,
    };
    this.draw();
  }

  /** Zoom by a factor; the place of the canvas that is given stays where it is. */
  zoom(times, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    if (!this.image) return;
    const { view } = this;
    const scale = Math.min(MOST_SCALE, Math.max(this.least, view.scale * times));
    view.left = x - ((x - view.left) * scale) / view.scale;
    view.top = y - ((y - view.top) * scale) / view.scale;
    view.scale = scale;
    this.keepInSight();
  }

  move(event) {
    if (!this.image) return;
    const place = this.at(event);
    const before = this.pointers.get(event.pointerId);
    this.hover = event.pointerType === "touch" ? null : place;
    if (before) this.pointers.set(event.pointerId, place);
    if (before && this.pointers.size === 2) this.pinch(event.pointerId, before, place);
    else if (before && this.mode === "pan") this.pan(place.x - before.x, place.y - before.y);
    else if (before && this.mode === "paint") {
      for (const one of event.getCoalescedEvents?.() ?? []) this.goOn(this.at(one));
      this.goOn(place);
    } else if (before && this.mode === "drag") this.drag(place, event.shiftKey);
    this.draw();
  }

  pan(dx, dy) {
    this.view.left += dx;
    this.view.top += dy;
    this.keepInSight();
  }

  pinch(id, before, now) {
    const [, other] = [...this.pointers].find(([key]) => key !== id);
    const apart = (place) => Math.hypot(place.x - other.x, place.y - other.y) || 1;
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  keepInSight() {
    const { view, canvas, raster } = this;
    for (const [side, room, size] of [
      ["left", canvas.width, raster.width * view.scale],
      ["top", canvas.height, raster.height * view.scale],
    ]) {
      const slack = room - size;
      view[side] =
        slack > 0 ? slack / 2 : Math.min(0, Math.max(slack, view[side]));
    }
    this.draw();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    const { view } = this;
    return { x, y, px: (x - view.left) / view.scale, py: (y - view.top) / view.scale };
  }

  // Pointers: one paints, two move and zoom.

  down(event) {
    if (!this.image) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const place = this.at(event);
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size > 1) {
      if (this.mode === "paint") this.changed(this.raster.abandon());
      this.path = null;
      if (this.mode === "drag") this.raster.marks = this.held.marks;
      this.mode = "pan";
      return;
    }
    this.mode = event.button === 1 || this.isSpace ? "pan" : "paint";
    if (this.mode === "pan") return;
    event.preventDefault();
    if (this.tool === "parts" && event.button !== 2) {
      this.mode = "";
      this.dispatchEvent(new CustomEvent("pick", { detail: place }));
      return;
    }
    if (this.tool === "points") return this.take(place, event.pointerType);
    this.begin(place, event.button === 2);
  }

  /** Begin a stroke of a brush, or what goes round an area. */
  begin(place, isErasing = false) {
    this.value = this.inkAt(place, isErasing);
    this.last = place;
    if (AREAS.includes(this.tool)) this.path = [place, place];
    else {
      this.raster.begin();
      this.line(place);
    }
  }

  goOn(place) {
    if (!this.path) return this.line(place);
    if (this.tool === "rectangle") this.path[1] = place;
    else this.path.push(place);
    this.isAfter = false;
  }

  /** Go round the area: a rectangle by its corners, a lasso along its way. */
  trace(context) {
    const [{ px, py }, end] = this.path;
    context.beginPath();
    if (this.tool === "rectangle") context.rect(px, py, end.px - px, end.py - py);
    else for (const one of this.path) context.lineTo(one.px, one.py);
    context.closePath();
  }

  /** Paint what lies within the area. */
  close() {
    const [xs, ys] = [this.path.map(({ px }) => px), this.path.map(({ py }) => py)];
    const box = this.raster.clipped(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
    if (box) {
      const [wide, high] = [box.right - box.left, box.bottom - box.top];
      const context = new OffscreenCanvas(wide, high).getContext("2d");
      context.translate(-box.left, -box.top);
      this.trace(context);
      context.fill();
      const { data } = context.getImageData(0, 0, wide, high);
      this.stroke((raster) => raster.stamp(box, (at) => data[4 * at + 3] > 127, this.value));
    }
    this.path = null;
  }

  line(place) {
    const { last, raster, radius, value } = this;
    this.last = place;
    const isInside = this.tool === "paint";
    this.changed(raster.capsule(last.px, last.py, place.px, place.py, radius, value, isInside));
  }

  /** What the brush sets a pixel to; parts are erased by leaving them open. */
  inkAt({ px, py }, isErasing = false) {
    if (this.tool === "paint") return isErasing ? 1 : this.partAt(px, py);
    return isErasing || this.tool === "eraser" ? 0 : 1;
  }

  /** End a stroke; one of parts that met no hole is told of. */
  finish() {
    const { raster, last } = this;
    if (this.path) return this.close();
    const isInHole = raster.data[Math.floor(last.py) * raster.width + Math.floor(last.px)];
    if (!raster.end() && this.tool === "paint" && !isInHole) this.dispatchEvent(new Event("miss"));
    this.changed(null);
  }

  /** Take hold of a landmark; where none is, the picture is moved. */
  take(place, kind) {
    const { marks } = this.raster;
    const pixel = this.canvas.width / this.canvas.clientWidth / this.view.scale;
    const at = marks ? nearest(marks, place.px, place.py, REACH[kind] * pixel) : -1;
    this.mode = at < 0 ? "pan" : "drag";
    if (at < 0) return;
    this.held = { marks, at, px: place.px, py: place.py };
    this.isAfter = false;
    this.hold(at);
  }

  drag({ px, py }, isWhole) {
    const { marks, at, px: x, py: y } = this.held;
    this.raster.marks = moved(marks, this.groups, at, px - x, py - y, isWhole || this.isWhole);
  }

  /** Make a landmark the one that keys move. */
  hold(at) {
    const count = this.raster?.marks?.points.length ?? 0;
    this.focused = count ? (at + count) % count : 0;
    this.dispatchEvent(new Event("hold"));
    this.draw();
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.mode === "paint") this.finish();
    if (this.mode === "drag") {
      const { marks } = this.raster;
      if (marks !== this.held.marks) this.raster.place(marks, this.held.marks);
      this.changed(null);
    }
    this.mode = this.pointers.size ? "pan" : "";
    this.draw();
  }

  cancel(event) {
    this.up(event);
  }

  leave() {
    this.hover = null;
    this.draw();
  }

  /** A wheel zooms, and so do two fingers that pinch on a trackpad, which browsers tell of as Ctrl and the
   * wheel; two that slide move the picture, or the page where all of the picture is seen. */
  wheel(event) {
    if (!this.image) return;
    const isGoingOn = event.timeStamp - this.slid < PAUSE;
    if (!event.ctrlKey && (isGoingOn || !isNotch(event))) {
      this.slid = event.timeStamp;
      const { canvas, raster, view } = this;
      if (raster.width * view.scale < canvas.width + 1 && raster.height * view.scale < canvas.height + 1) return;
      event.preventDefault();
      const ratio = canvas.width / canvas.clientWidth;
      this.pan(-event.deltaX * ratio, -event.deltaY * ratio);
      return;
    }
    event.preventDefault();
    const { x, y } = this.at(event);
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), x, y);
  }

  // Keys, while the canvas has the focus.

  keyed(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!this.image || event.ctrlKey || event.metaKey || event.altKey) return;
    if (way && this.tool === "points") this.nudge(way, event.shiftKey);
    else if (way) this.travel(way[0] * this.step(event), way[1] * this.step(event));
    else if (event.key === "Enter") this.press();
    else if (event.key === "Escape") this.lift();
    else return;
    event.preventDefault();
  }

  step(event) {
    return STEP * (event.shiftKey ? 10 : 1);
  }

  nudge([dx, dy], isWhole) {
    const { raster, groups, focused } = this;
    if (!raster.marks) return;
    raster.place(moved(raster.marks, groups, focused, dx, dy, isWhole || this.isWhole));
    this.changed(null);
  }

  travel(dx, dy) {
    const { width, height } = this.raster;
    const from = this.cursor ?? { px: width / 2, py: height / 2 };
    this.cursor = {
      px: Math.min(width, Math.max(0, from.px + dx)),
      py: Math.min(height, Math.max(0, from.py + dy)),
    };
    this.hover = null;
    if (this.isDown) this.goOn(this.cursor);
    this.draw();
  }

  press() {
    if (this.tool === "points") return;
    this.travel(0, 0);
    if (this.tool === "parts") {
      this.dispatchEvent(new CustomEvent("pick", { detail: this.cursor }));
    } else if (this.isDown) this.lift();
    else {
      this.isDown = true;
      this.begin(this.cursor);
    }
  }

  lift() {
    if (!this.isDown) return;
    this.isDown = false;
    this.finish();
  }

  draw() {
    if (!this.image || this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.drawNow();
    });
  }

  drawNow() {
    const { context, canvas, view, raster } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(view.scale, 0, 0, view.scale, view.left, view.top);
    context.imageSmoothingEnabled = view.scale < 3;
    context.drawImage(this.isAfter ? this.result : this.image, 0, 0, raster.width, raster.height);
    if (this.labels && this.shows.parts && !this.isAfter) context.drawImage(this.layer, 0, 0);
    if (!this.isAfter) context.drawImage(this.tint, 0, 0);
    if (this.path) {
      this.trace(context);
      this.outline();
    }
    if (raster.marks && this.shows.points) {
      const pixel = canvas.width / canvas.clientWidth / view.scale;
      draw(context, raster.marks, this.groups, pixel, this.tool === "points" ? this.focused : -1);
    }
    const place = this.hover ?? (document.activeElement === canvas ? this.cursor : null);
    const isOnPoints = this.tool === "points";
    canvas.style.cursor = this.mode === "pan" || this.isSpace ? "grab" : isOnPoints ? "default" : "none";
    if (place && canvas.style.cursor === "none") this.ring(place);
  }

  /** The brush where it is: two rings, so that one is seen on any picture. */
  ring({ px, py }) {
    const { context, tool } = this;
    const isPoint = tool === "parts" || AREAS.includes(tool);
    context.beginPath();
    context.arc(px, py, isPoint ? 4 / this.view.scale : Math.max(this.radius, 0.7), 0, 2 * Math.PI);
    this.outline();
  }

  outline() {
    for (const [width, colour] of [
      [3, "#000"],
      [1.5, this.isDown ? "#ff5a2c" : "#fff"],
    ]) {
      this.context.lineWidth = width / this.view.scale;
      this.context.strokeStyle = colour;
      this.context.stroke();
    }
  }
}

customElements.define("picture-easel", Easel);
