// The picture with its mask over it: painted by mouse, pen, fingers or keys; zoomed and moved.

import { Raster } from "./raster.js";

const MOST_SCALE = 32; // pixels of the screen for one of the picture
const TINT = [72, 56, 255, 150]; // unlike skin, hair and most clothes
const STEP = 2; // pixels of the picture that an arrow moves the brush; ten times with Shift

export class Easel extends HTMLElement {
  connectedCallback() {
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute(
      "aria-label",
      "Picture and mask. Arrow keys move the brush, Enter sets it down and lifts it.",
    );
    this.append(this.canvas);
    this.context = this.canvas.getContext("2d");
    this.tool = "brush";
    this.radius = 12;
    this.pointers = new Map();
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
      const [wide, high] = [box.right - box.left, box.bottom - box.top];
      const pixels = new ImageData(wide, high);
      const words = new Uint32Array(pixels.data.buffer);
      const ink = new Uint32Array(new Uint8ClampedArray(TINT).buffer)[0];
      for (let y = 0; y < high; y++) {
        const row = (box.top + y) * this.raster.width + box.left;
        for (let x = 0; x < wide; x++) words[y * wide + x] = this.raster.data[row + x] ? ink : 0;
      }
      this.tint.getContext("2d").putImageData(pixels, box.left, box.top);
    }
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  // Where things are.

  fit() {
    if (!this.image || !this.clientWidth) return;
    const { width, height } = this.raster;
    const shown = Math.min(this.clientWidth * (height / width), innerHeight * 0.74);
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
      for (const one of event.getCoalescedEvents?.() ?? []) this.line(this.at(one));
      this.line(place);
    }
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
    this.value = event.button === 2 || this.tool === "eraser" ? 0 : 1;
    this.raster.begin();
    this.last = place;
    this.line(place);
  }

  line(place) {
    const { last, raster, radius, value } = this;
    this.last = place;
    this.changed(raster.capsule(last.px, last.py, place.px, place.py, radius, value));
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.mode === "paint") {
      this.raster.end();
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

  wheel(event) {
    if (!this.image) return;
    event.preventDefault();
    const { x, y } = this.at(event);
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), x, y);
  }

  // Keys, while the canvas has the focus.

  keyed(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!this.image || event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) this.travel(way[0] * this.step(event), way[1] * this.step(event));
    else if (event.key === "Enter") this.press();
    else if (event.key === "Escape") this.lift();
    else return;
    event.preventDefault();
  }

  step(event) {
    return STEP * (event.shiftKey ? 10 : 1);
  }

  travel(dx, dy) {
    const { width, height } = this.raster;
    const from = this.cursor ?? { px: width / 2, py: height / 2 };
    this.cursor = {
      px: Math.min(width, Math.max(0, from.px + dx)),
      py: Math.min(height, Math.max(0, from.py + dy)),
    };
    this.hover = null;
    if (this.isDown) this.line(this.cursor);
    this.draw();
  }

  press() {
    this.travel(0, 0);
    if (this.tool === "parts") {
      this.dispatchEvent(new CustomEvent("pick", { detail: this.cursor }));
    } else if (this.isDown) this.lift();
    else {
      this.isDown = true;
      this.value = this.tool === "eraser" ? 0 : 1;
      this.raster.begin();
      this.last = this.cursor;
      this.line(this.cursor);
    }
  }

  lift() {
    if (!this.isDown) return;
    this.isDown = false;
    this.raster.end();
    this.changed(null);
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
    context.drawImage(this.image, 0, 0, raster.width, raster.height);
    context.drawImage(this.tint, 0, 0);
    const place = this.hover ?? (document.activeElement === canvas ? this.cursor : null);
    canvas.style.cursor = this.mode === "pan" || this.isSpace ? "grab" : "none";
    if (place && canvas.style.cursor === "none") this.ring(place);
  }

  /** The brush where it is: two rings, so that one is seen on any picture. */
  ring({ px, py }) {
    const { context, view } = this;
    const radius = this.tool === "parts" ? 4 / view.scale : Math.max(this.radius, 0.7);
    for (const [width, colour] of [
      [3, "#000"],
      [1.5, this.isDown ? "#ff5a2c" : "#fff"],
    ]) {
      context.lineWidth = width / view.scale;
      context.strokeStyle = colour;
      context.beginPath();
      context.arc(px, py, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

customElements.define("picture-easel", Easel);
