// <net-microscope>: what a net sees, what it makes of it, and the maps of its layers between.
//
// On a page of one file it finds its net in the page; in the studio it is given one by show().

const TILE = 58; // pixels that a map is wide, about
const STEP = 0.02; // of a walk, for each frame
const KNOBS = {
  zoom: { text: "Zoom", min: 1, max: 6, step: 0.05, value: 1 },
  across: { text: "Left and right", min: 0, max: 1, step: 0.01, value: 0.5 },
  down: { text: "Up and down", min: 0, max: 1, step: 0.01, value: 0.5 },
  light: { text: "Light", min: 0.2, max: 1.8, step: 0.02, value: 1 },
};

const HOLE = { text: "Size of the hole", min: 0, max: 0.5, step: 0.01, value: 0.16 }; // radius, of the side
const BRUSH = 0.04; // radius, of the side

const build = (name, attributes = {}, ...content) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
};

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

class NetMicroscope extends HTMLElement {
  connectedCallback() {
    const net = document.getElementById("net");
    if (!net) return;
    const engine = new Blob([document.getElementById("engine").textContent], { type: "text/javascript" });
    this.show(JSON.parse(net.textContent), new Worker(URL.createObjectURL(engine)));
  }

  disconnectedCallback() {
    this.close();
  }

  /** End the one before. */
  close() {
    this.worker?.terminate();
    this.watch?.disconnect();
    this.resizes?.disconnect();
    this.isWalking = this.isPainting = false;
    this.replaceChildren();
  }

  /** Show a net, as page.py describes it, computed by a worker of engine.js. */
  show(net, worker) {
    this.close();
    Object.assign(this, { net, worker, off: net.graph.layers.map(() => []), at: 0, frames: 0, output: null });
    Object.assign(this, { isBusy: false, isWanted: false, isSameInput: false, seen: new Set(), paces: [] });
    worker.onmessage = ({ data }) => this.draw(data);
    worker.onerror = () => this.say("This browser could not compute the net. Try a newer one.");
    worker.postMessage({ net: net.graph });
    this.tell = build("p", { class: "soft", role: "status" });
    this.pace = build("p", { class: "soft pace" });
    this.result = build("canvas", { role: "img", "aria-label": "What the net makes of it" });
    this.numbers = build("p", { class: "numbers" });
    this.missing = null;
    const given = net.vector ? this.noise() : this.picture();
    const others = net.others.map((other) => this[other.kind](other, given.view));
    this.others = others.map(({ value }) => value);
    const more = others.flatMap(({ buttons = [] }) => buttons);
    const buttons = build("div", { class: "keys" }, ...given.buttons, ...more, this.walk(), this.all());
    const shown = [this.result, this.numbers][net.gives === "numbers" ? 1 : 0];
    this.append(
      build(
        "div",
        { class: "bench" },
        build("figure", {}, given.view, build("figcaption", {}, given.caption)),
        build("figure", {}, shown, build("figcaption", {}, net.caption)),
        build("div", { class: "knobs" }, buttons, ...given.knobs, ...others.flatMap(({ knobs }) => knobs), this.pace, this.tell),
      ),
      build("div", { class: "layers" }, ...net.graph.layers.map((layer, at) => this.layer(layer, at))),
    );
    this.count();
    this.watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        this.seen[isIntersecting ? "add" : "delete"](this.boxes.indexOf(target));
      }
      this.ask(true);
    });
    this.boxes = [...this.querySelectorAll(".maps")];
    this.resizes = new ResizeObserver(() => this.arrange());
    for (const box of this.boxes) this.watch.observe(box);
    this.resizes.observe(this);
    this.arrange();
  }

  say(text) {
    this.tell.textContent = text;
  }

  // What goes in

  /** Numbers of chance: on the way from some to others. */
  noise() {
    const { vector } = this.net;
    [this.from, this.to] = [Float32Array.from(vector), Float32Array.from(vector, normal)];
    const view = build("canvas", { role: "img", "aria-label": "The noise" });
    view.width = Math.ceil(Math.sqrt(vector.length));
    view.height = Math.ceil(vector.length / view.width);
    const way = this.knob("way", { text: "To other noise", min: 0, max: 1, step: 0.01, value: 0 });
    const fresh = build("button", { type: "button" }, "New noise");
    fresh.addEventListener("click", () => {
      [this.from, this.to] = [0, 1].map(() => Float32Array.from(vector, normal));
      this.way.value = 0;
      this.ask();
    });
    this.input = () => {
      // As long as noise is, all the way.
      const t = (Number(this.way.value) * Math.PI) / 2;
      const input = this.from.map((value, i) => value * Math.cos(t) + this.to[i] * Math.sin(t));
      const [low, high] = [-2.5, 2.5];
      const greys = new ImageData(view.width, view.height);
      input.forEach((value, i) => {
        const grey = (255 * (value - low)) / (high - low);
        greys.data.set([grey, grey, grey, 255], 4 * i);
      });
      view.getContext("2d").putImageData(greys, 0, 0);
      return input;
    };
    this.advance = () => {
      const next = Number(this.way.value) + STEP;
      if (next > 1) [this.from, this.to] = [this.to, Float32Array.from(this.to, normal)];
      this.way.value = next > 1 ? 0 : next;
    };
    const caption = `The noise it is given: ${vector.length} numbers`;
    return { view, caption, buttons: [fresh], knobs: [way] };
  }

  /** A part of a picture, which sliders and the pointer move. */
  picture() {
    const { side } = this.net;
    const view = build("canvas", { role: "img", "aria-label": "What the net sees" });
    [view.width, view.height] = [side, side];
    const context = view.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    const box = build("input", { type: "file", accept: "image/*" });
    const choose = build("label", { class: "button" }, "Choose a picture", box);
    box.addEventListener("change", () => {
      if (box.files[0]) this.take(URL.createObjectURL(box.files[0]), box.files[0].name);
      box.value = "";
    });
    const knobs = Object.entries(KNOBS).map(([name, knob]) => this.knob(name, knob));
    view.addEventListener("pointerdown", (event) => view.setPointerCapture(event.pointerId));
    view.addEventListener("pointermove", ({ buttons, movementX, movementY }) => {
      if (!buttons || this.isPainting) return;
      const free = view.clientWidth * (this.zoom.value - 1) || Infinity;
      this.across.value = Number(this.across.value) - movementX / free;
      this.down.value = Number(this.down.value) - movementY / free;
      this.ask();
    });
    this.input = () => {
      const { naturalWidth: wide, naturalHeight: high } = this.image;
      const part = Math.min(wide, high) / this.zoom.value;
      const [left, top] = [this.across.value * (wide - part), this.down.value * (high - part)];
      context.drawImage(this.image, left, top, part, part, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      const input = new Float32Array(3 * side * side);
      const scale = this.light.value / 255;
      for (let i = 0; i < input.length; i++) {
        input[i] = Math.min(1, data[4 * (i % (side * side)) + Math.floor(i / (side * side))] * scale);
      }
      context.fillStyle = "#808080"; // what is in the hole is not seen
      this.missing?.forEach((is, i) => is && context.fillRect(i % side, Math.floor(i / side), 1, 1));
      return input;
    };
    this.advance = () => {
      const turn = performance.now() / 1500;
      if (Number(this.zoom.value) < 1.5) this.zoom.value = 1.5;
      this.across.value = 0.5 + 0.4 * Math.cos(turn);
      this.down.value = 0.5 + 0.4 * Math.sin(turn);
    };
    // The studio's policy lets a page show its own blobs, and no data.
    const bytes = Uint8Array.from(atob(this.net.picture.split(",")[1]), (letter) => letter.charCodeAt(0));
    this.take(URL.createObjectURL(new Blob([bytes], { type: "image/webp" })), "the example");
    return { view, caption: `What it sees: ${side} × ${side} pixels`, buttons: [choose], knobs };
  }

  /** Take a picture from an address. */
  async take(address, name) {
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
    } catch {
      this.say(`This browser cannot show ${name}. Save it as PNG or JPEG, and choose that.`);
      return;
    }
    this.image = image;
    this.count();
    this.ask();
  }

  // What goes in besides, each with its value for the net

  /** What is missing of the picture: a disc in its middle, and what the pointer paints. */
  hole(_, view) {
    const { side } = this.net;
    const mask = new Float32Array(side * side);
    const disc = (x, y, radius) => {
      mask.forEach((is, i) => {
        if (Math.hypot((i % side) + 0.5 - x, Math.floor(i / side) + 0.5 - y) < radius) mask[i] = 1;
      });
    };
    const middle = () => {
      mask.fill(0);
      disc(side / 2, side / 2, side * size.value);
    };
    const knob = this.knob("radius", HOLE);
    const size = this.radius;
    size.addEventListener("input", () => {
      middle();
      this.ask();
    });
    const paint = build("button", { type: "button", "aria-pressed": "false" }, "Paint the hole");
    paint.addEventListener("click", () => {
      this.isPainting = !this.isPainting;
      paint.setAttribute("aria-pressed", this.isPainting);
      view.style.touchAction = this.isPainting ? "none" : "";
      if (this.isPainting) this.say("Paint over the picture. The slider makes the hole a disc again.");
      else this.count();
    });
    for (const kind of ["pointerdown", "pointermove"]) {
      view.addEventListener(kind, ({ buttons, offsetX, offsetY }) => {
        if (!buttons || !this.isPainting) return;
        disc((side * offsetX) / view.clientWidth, (side * offsetY) / view.clientHeight, Math.max(1, side * BRUSH));
        this.ask();
      });
    }
    this.missing = mask;
    middle();
    return { knobs: [knob], buttons: [paint], value: () => mask };
  }

  /** One of several, by its place. */
  choice({ text, options, value }) {
    const list = build("select", {}, ...options.map((name, at) => new Option(name, at, at === value, at === value)));
    list.addEventListener("change", () => this.ask());
    return { knobs: [build("label", {}, build("span", {}, text), list)], value: () => [Number(list.value)] };
  }

  number({ text, min, max, value }) {
    const knob = this.knob("amount", { text, min, max, value, step: 0.01 });
    const slider = this.amount;
    return { knobs: [knob], value: () => [Number(slider.value)] };
  }

  /** What is to be of a face: nothing of what is not moved. From -1 to 1 each, then which are set. */
  fields({ fields }) {
    const set = new Map();
    const rows = fields.map(({ name, low, high, unit }, at) => {
      const [plain, said] = [name.replaceAll("_", " "), build("span", {}, "any")];
      const range = { min: low, max: high, step: (high - low) / 100, value: (low + high) / 2 };
      const slider = build("input", { type: "range", "aria-label": plain, ...range });
      const tell = () => {
        said.textContent = set.has(at) ? `${Math.round(100 * slider.value) / 100} ${unit}`.trim() : "any";
        slider.setAttribute("aria-valuetext", said.textContent);
        none.disabled = !set.size;
        this.ask();
      };
      slider.addEventListener("input", () => {
        set.set(at, (2 * (slider.value - low)) / (high - low) - 1);
        tell();
      });
      return { tell, row: build("label", {}, build("span", {}, `${plain}: `, said), slider) };
    });
    const none = build("button", { type: "button", disabled: "" }, "Ask for nothing");
    none.addEventListener("click", () => {
      set.clear();
      for (const { tell } of rows) tell();
    });
    const title = build("summary", {}, "What is to be of the face");
    const box = build("details", {}, title, build("div", { class: "keys" }, none), ...rows.map(({ row }) => row));
    const value = () => {
      const told = new Float32Array(2 * fields.length);
      for (const [at, to] of set) [told[at], told[fields.length + at]] = [to, 1];
      return told;
    };
    return { knobs: [box], value };
  }

  knob(name, { text, ...attributes }) {
    const slider = build("input", { type: "range", ...attributes });
    slider.addEventListener("input", () => this.ask());
    this[name] = slider;
    return build("label", {}, build("span", {}, text), slider);
  }

  walk() {
    const button = build("button", { type: "button", "aria-pressed": "false" }, "Walk");
    button.addEventListener("click", () => {
      this.isWalking = !this.isWalking;
      button.setAttribute("aria-pressed", this.isWalking);
      this.ask();
    });
    return button;
  }

  // Layers

  layer({ name, value, op }, at) {
    const [, count, high, wide] = this.net.graph.shapes[value];
    const act = this.net.graph.ops[op].function;
    const maps = count === 1 ? "1 map" : `${count} maps`;
    const title = build("h2", { id: `layer-${at}` }, `${at + 1}. ${name}`);
    const about = build("p", { class: "soft" }, `${maps} of ${wide} × ${high}${act ? `, after ${act}` : ""}`);
    const sheet = build("canvas", { "aria-hidden": "true" });
    const list = build("div", {
      ...{ role: "listbox", tabindex: 0, "aria-multiselectable": "true" },
      "aria-label": `Channels of ${name}: those selected are silent`,
    });
    for (let channel = 0; channel < count; channel++) {
      const id = `channel-${at}-${channel}`;
      list.append(build("div", { role: "option", id, "aria-selected": "false", "aria-label": `channel ${channel}` }));
    }
    list.addEventListener("click", ({ target }) => {
      if (target === list) return;
      this.point(list, [...list.children].indexOf(target));
      this.toggle(at, target);
    });
    list.addEventListener("focus", () => list.hasAttribute("aria-activedescendant") || this.point(list, 0));
    list.addEventListener("keydown", (event) => {
      const now = [...list.children].findIndex((one) => one.classList.contains("now"));
      const row = list.columns;
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -now, End: count - 1 - now };
      if (event.key in moves) this.point(list, Math.min(Math.max(now + moves[event.key], 0), count - 1));
      else if (event.key === " " || event.key === "Enter") this.toggle(at, list.children[now]);
      else return;
      event.preventDefault();
    });
    const box = build("div", { class: "maps" }, sheet, list);
    return build("section", { class: "layer", "aria-labelledby": title.id }, title, about, box);
  }

  /** Which channel keys are about. */
  point(list, at) {
    list.querySelector(".now")?.classList.remove("now");
    list.children[at].classList.add("now");
    list.setAttribute("aria-activedescendant", list.children[at].id);
  }

  /** Silence a channel, or let it speak again. */
  toggle(layer, option) {
    const channel = [...option.parentElement.children].indexOf(option);
    const off = this.off[layer];
    const isOff = !off.includes(channel);
    this.off[layer] = isOff ? [...off, channel] : off.filter((one) => one !== channel);
    option.setAttribute("aria-selected", isOff);
    this.count();
    this.ask(true);
  }

  all() {
    this.again = build("button", { type: "button" }, "All channels on");
    this.again.addEventListener("click", () => {
      this.off = this.off.map(() => []);
      for (const one of this.querySelectorAll("[aria-selected=true]")) one.setAttribute("aria-selected", "false");
      this.count();
      this.ask(true);
    });
    return this.again;
  }

  count() {
    const silent = this.off.flat().length;
    this.again.disabled = !silent;
    if (!silent) this.say("Click a map to silence its channel; again, and it is back.");
    else this.say(silent === 1 ? "One channel is silent." : `${silent} channels are silent.`);
  }

  /** As many maps in a row as there is room for. */
  arrange() {
    for (const box of this.boxes) {
      const list = box.lastElementChild;
      list.columns = Math.min(list.childElementCount, Math.max(4, Math.floor(box.parentElement.clientWidth / TILE)));
      box.style.setProperty("--columns", list.columns);
      box.style.setProperty("--share", list.columns * TILE);
    }
    this.ask(true);
  }

  // Frames

  /** Ask for a frame, once the one before is there; with `isSame`, of the input before. */
  ask(isSame = false) {
    if (this.isBusy) {
      this.isSameInput = isSame && (this.isSameInput || !this.isWanted);
      this.isWanted = true;
      return;
    }
    if (!this.net.vector && !this.image) return;
    const inputs = isSame && this.frames ? null : [this.input(), ...this.others.map((value) => value())];
    this.isWhole = inputs !== null;
    const shown = [...this.seen].map((layer) => [layer, this.boxes[layer].lastElementChild.columns]);
    [this.isBusy, this.isWanted, this.isSameInput] = [true, false, false];
    this.worker.postMessage({ inputs, off: this.off, shown });
  }

  draw({ output, maps, seconds }) {
    this.output = output;
    this.frames++;
    this.paint(output);
    for (const { layer, width, data } of maps) {
      const sheet = this.boxes[layer].firstElementChild;
      const height = data.length / 4 / width;
      if (sheet.width !== width) sheet.width = width;
      if (sheet.height !== height) sheet.height = height;
      sheet.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
    }
    if (this.isWhole) this.paces = [...this.paces.slice(-9), seconds];
    const middle = this.paces.toSorted((a, b) => a - b)[this.paces.length >> 1];
    this.pace.textContent = `Computed in ${Math.max(1, Math.round(1000 * middle))} ms: ${Math.round(1 / middle)} a second`;
    this.dataset.frames = this.frames;
    this.isBusy = false;
    if (this.isWalking) {
      requestAnimationFrame(() => {
        if (!this.isWalking) return;
        this.advance();
        this.ask();
      });
    } else if (this.isWanted) {
      this.ask(this.isSameInput);
    }
  }

  /** What came out: a picture, a map, the parts of a face, or numbers. */
  paint(output) {
    const { gives, graph, palette } = this.net;
    const shape = graph.shapes[graph.output];
    if (gives === "numbers") {
      this.numbers.textContent = [...output.slice(0, 48)].map((one) => one.toFixed(2)).join("  ");
      return;
    }
    const [, count, high, wide] = shape;
    const area = high * wide;
    const image = new ImageData(wide, high);
    const [low, most] = [0, 1].map((sign) =>
      output.subarray(0, area).reduce((a, b) => (sign ? Math.max(a, b) : Math.min(a, b))),
    );
    for (let i = 0; i < area; i++) {
      let colour;
      if (gives === "picture") {
        colour = [0, 1, 2].map((plane) => 255 * output[(count === 3 ? plane * area : 0) + i]);
      } else if (gives === "parts") {
        let best = 0;
        for (let plane = 1; plane < count; plane++) if (output[plane * area + i] > output[best * area + i]) best = plane;
        colour = palette[best];
      } else {
        colour = Array(3).fill((255 * (output[i] - low)) / (most - low || 1));
      }
      image.data.set([...colour, 255], 4 * i);
    }
    [this.result.width, this.result.height] = [wide, high];
    this.result.getContext("2d").putImageData(image, 0, 0);
  }
}

customElements.define("net-microscope", NetMicroscope);
