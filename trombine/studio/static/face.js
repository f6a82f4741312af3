// What is to be of a face in the hole: parts that are painted, landmarks that are moved. Both are read
// once for each picture, when they are first asked for.

import { API, ask, json, submit } from "./api.js";
import { COUNT, fileOf, groupOf, isMoved, marksOf } from "./points.js";
import { PART, grown, packed } from "./raster.js";
import { $, make } from "./source.js";

const RIM = 0.02; // of a face's size: a part's hole covers its rim too
const easel = $("easel");
const status = $("status");
const [parts, groups] = await Promise.all([json(`${API}/parts`), json(`${API}/landmarks`)]);
const names = [...new Set(parts.map((part) => part.group))];
const of = (group) => parts.filter((part) => part.group === group);
const said = (name) => name.replace("_", " ");
let reading = null; // of which picture
let middles = new Map(); // of the parts that were read
easel.groups = groups;

/** The part that stands for a group, of two sides the left one. */
const first = (group) => of(group).find((part) => part.partner !== part.name) ?? of(group)[0];

export function forget() {
  reading = null;
  middles = new Map();
  $("parts").hidden = true;
  listPoints();
}

/** Show what a tool needs, and read it if it was not yet. */
export function showFor(tool, file) {
  $("parts").hidden = tool !== "parts" || !easel.labels;
  $("painting").hidden = tool !== "paint";
  $("moving").hidden = tool !== "points";
  if (tool === "paint") $("show-parts").checked = true;
  if (tool === "points") $("show-points").checked = true;
  show();
  if (tool === "paint" || tool === "points") $("face").open = true;
  if (easel.labels) status.said.textContent = hints();
  else if (tool === "parts" || $("show-parts").checked || $("show-points").checked) read(file);
}

function show() {
  const isNew = easel.shows.parts !== $("show-parts").checked;
  easel.shows = { parts: $("show-parts").checked, points: $("show-points").checked };
  if (isNew) easel.recolour();
  easel.draw();
}

async function read(file) {
  if (!file || reading === file) return;
  reading = file;
  try {
    status.begin([]);
    status.step.textContent = "Looking for faces";
    const switches = ["write_parts", "write_points"].map((name) => [name, "true"]);
    const job = await submit("read", [["pictures", file, file.name], ...switches]);
    const done = await status.follow(job);
    if (reading !== file) return;
    await takeFrom(done, () => reading === file);
    status.say(hints());
  } catch (error) {
    if (reading === file) reading = null; // so that it can be tried again
    status.fail(error);
  }
}

function hints() {
  if (easel.tool === "points") {
    return easel.raster.marks ? "Drag a landmark." : "No face was found, so there are no landmarks to move.";
  }
  if (easel.tool === "paint") return "Choose a part, and paint it inside the mask.";
  if (!easel.labels.some(Boolean)) return "No face was found: use the brush.";
  return easel.tool === "parts" ? "Click on a part of a face, or choose one here." : "";
}

/** Show the parts and landmarks that a job wrote; landmarks that people moved stay theirs. */
export async function takeFrom(job, isWanted = () => true) {
  const file = (ending) => job.files.find((one) => one.name.endsWith(ending));
  const map = file(".parts.png").url.replace("/files/", "/labels/");
  const [bytes, points] = await Promise.all([ask(map).then((got) => got.arrayBuffer()), json(file(".points.json").url)]);
  if (!isWanted()) return;
  easel.labels = new Uint8Array(bytes, 8);
  const { raster } = easel;
  const marks = marksOf(points);
  if (marks && !fileOf(raster.marks, raster)) {
    if (raster.marks) raster.place(marks);
    else raster.marks = marks;
  }
  findMiddles();
  listParts();
  listPoints();
  easel.recolour();
}

function findMiddles() {
  const sums = new Map();
  easel.labels.forEach((label, at) => {
    const sum = sums.get(label) ?? sums.set(label, [0, 0, 0]).get(label);
    sum[0] += at % easel.raster.width;
    sum[1] += Math.floor(at / easel.raster.width);
    sum[2] += 1;
  });
  middles = new Map([...sums].map(([label, [x, y, count]]) => [parts[label], [x / count, y / count]]));
}

// Parts by a click

function listParts() {
  const there = names.filter((group) => of(group).some((part) => part !== parts[0] && middles.has(part)));
  const buttons = there.map((group) => {
    const button = make("button", { type: "button" }, group);
    button.addEventListener("click", () => cover((label) => label > 0 && parts[label].group === group));
    return button;
  });
  $("parts").replaceChildren(...buttons);
  $("parts").hidden = easel.tool !== "parts";
}

/** Put what has these labels into the mask, with its rim. */
function cover(wanted) {
  const { width, height } = easel.raster;
  const marks = easel.labels.map((label) => (wanted(label) ? 1 : 0));
  let [top, bottom] = [height, 0];
  easel.labels.forEach((label, at) => {
    if (!label) return;
    const y = Math.floor(at / width);
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  const rim = Math.max(1, Math.round(RIM * Math.max(0, bottom - top)));
  easel.stroke((raster) => raster.fill(grown(marks, width, height, rim), 1));
}

easel.addEventListener("pick", ({ detail: { px, py } }) => {
  const { width, height } = easel.raster;
  const [x, y] = [Math.floor(px), Math.floor(py)];
  if (!easel.labels || x < 0 || y < 0 || x >= width || y >= height) return;
  const label = easel.labels[y * width + x];
  if (label) cover((one) => one === label);
  else status.say("There is no part of a face. Click on a face, or use the brush.");
});

// Parts that are painted

/** A choice for each group, or for each of the 19 parts; the first leaves open what is to be. */
function listBrushes() {
  const isFine = $("fine").checked;
  const brushes = isFine ? parts : names.map((group) => ({ ...first(group), name: group }));
  const choices = [{ name: "leave it open" }, ...brushes].map(({ name, colour }, at) => {
    const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
    if (colour) swatch.style.background = `rgb(${colour})`;
    const input = make("input", { type: "radio", name: "part", value: at ? name : "" });
    input.checked = name === "skin";
    return make("label", {}, input, swatch, said(name));
  });
  $("brushes").replaceChildren(...choices);
  easel.colours = parts.map((part, label) =>
    isFine
      ? { colour: part.colour, isPlain: !label }
      : { colour: first(part.group).colour, isPlain: part.group === "background" },
  );
  easel.recolour();
}

/** The label of the chosen part; of a group whose parts lie apart the one that is nearest. */
easel.partAt = (px, py) => {
  const name = document.querySelector("[name=part]:checked").value;
  if (!name) return 1;
  if ($("fine").checked) return PART + parts.findIndex((part) => part.name === name);
  const sides = of(name).filter((part) => part.partner !== part.name);
  const apart = (part) => {
    const [x, y] = middles.get(part) ?? [Infinity, 0];
    return Math.hypot(x - px, y - py);
  };
  const near = (name === "mouth" ? of(name) : sides).reduce(
    (best, part) => (apart(part) < apart(best) ? part : best),
    first(name),
  );
  return PART + parts.indexOf(near);
};

easel.addEventListener("miss", () => {
  const isMasked = easel.raster.count > 0;
  status.say(isMasked ? "That was outside the mask: parts are painted inside it alone." : "Parts are painted inside the mask alone: paint the mask first.");
});
$("fine").addEventListener("change", listBrushes);

// Landmarks

function listPoints() {
  const count = easel.raster?.marks?.points.length ?? 0;
  const options = [];
  for (let at = 0; at < count; ) {
    const group = groupOf(groups, at);
    const face = count > COUNT ? `face ${Math.floor(at / COUNT) + 1}, ` : "";
    for (let one = 1; one <= group.count; one++) options.push(new Option(`${face}${group.name} ${one}`, at++));
  }
  $("point").replaceChildren(...options);
  $("point").disabled = !count;
  easel.hold(0);
}

/** Hold another landmark by a key, and say which. */
export function step(by) {
  easel.hold(easel.focused + by);
  status.said.textContent = $("point").selectedOptions[0]?.text ?? "";
}

$("point").addEventListener("change", () => easel.hold(Number($("point").value)));
easel.addEventListener("hold", () => ($("point").value = easel.focused));
$("together").addEventListener("change", () => (easel.isWhole = $("together").checked));
$("reset").addEventListener("click", () => {
  const { marks } = easel.raster;
  easel.raster.place({ ...marks, points: marks.read });
  easel.changed(null);
});

export function update() {
  const marks = easel.raster?.marks;
  $("reset").disabled = !marks?.points.some((_, at) => isMoved(marks, at));
  if ($("point").length !== (marks?.points.length ?? 0)) listPoints();
}

/** The fields of a request that say what is to be of a face. */
export async function fields() {
  const { raster } = easel;
  const result = [];
  const labels = raster.labels();
  if (labels) result.push(["parts", await packed(raster, labels, "labels"), "parts.png"]);
  const points = fileOf(raster.marks, raster);
  if (points) result.push(["points", new Blob([points], { type: "application/json" }), "points.json"]);
  return result;
}

/** When parts or landmarks are shown or hidden. */
export function whenShown(act) {
  for (const name of ["show-parts", "show-points"]) {
    $(name).addEventListener("change", () => {
      show();
      if ($(name).checked) act();
    });
  }
}

listBrushes();
