import { ask, json } from "./api.js";
import { $, imageOf, make, offerRun, reveal, takePictures } from "./source.js";
import "./status.js";
import "./undo.js";

const status = $("status");
const TURNS = { yaw: "turned", pitch: "nods", roll: "leans" }; // in radians; shown in degrees
const WORDS = {
  ...TURNS,
  lid_open: "eyes open",
  gaze_x: "looks sideways",
  gaze_y: "looks up or down",
};
const SHARES = ["glasses", "hat"]; // how likely
const KINDS = [
  [".parts.png", "Parts"],
  [".cutout.png", "Without its background"],
  [".points.json", "Landmarks"],
  [".json", "JSON"],
  [".png", "Picture with all of it"],
];
const MOST = 2048; // pixels a side of what is drawn over the picture
const VEIL = 130; // how much of 255 a part's colour covers
const EDGES = [
  [3, "#000"],
  [1.5, "#fff"],
]; // seen on any picture
let file = null;
let layers = null; // what is drawn over the picture

offerRun("read", status, {
  file: () => file,
  fields: () => [
    ...["json", "write_parts", "write_cutout", "write_points"].map((name) => [name, "true"]),
    ...["enlarge", "traits"].map((name) => [name, String($(name).checked)]),
  ],
  show,
});

async function show(job) {
  const found = new Map(KINDS.map(([ending]) => [ending, null]));
  for (const one of job.files) {
    const kind = KINDS.find(([ending]) => one.name.endsWith(ending));
    if (kind) found.set(kind[0], one);
  }
  const read = await json(found.get(".json").url);
  const [parts, points] = [found.get(".parts.png").url, found.get(".points.json").url];
  layers = {
    parts: await veil(parts),
    points: (await json(points)).faces.map((face) => face.points),
    boxes: read.faces.map((face) => face.box),
  };
  $("layer-boxes").hidden = !read.faces.length;
  draw();
  $("table").replaceChildren(read.faces.length ? table(read.faces) : make("p", {}, "No face was found."));
  $("json").textContent = JSON.stringify(read, null, 1);
  $("downloads").replaceChildren(
    ...KINDS.filter(([ending]) => found.get(ending)).map(([ending, name]) =>
      make("a", { class: "button", href: found.get(ending).url, download: "" }, name),
    ),
  );
  const count = read.faces.length;
  const where = count ? " What is read is in the table below the picture." : "";
  status.say(`${count === 1 ? "One face was" : `${count || "No"} faces were`} found.${where}`);
  reveal($("result"), $("result-title"), $("shown").parentElement);
}

/** A map of parts in its colours, to be seen through; what is no part is not there. */
async function veil(url) {
  const image = await imageOf(await (await ask(url)).blob());
  const labels = await (await ask(url.replace("/files/", "/labels/"))).arrayBuffer();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const map = context.getImageData(0, 0, canvas.width, canvas.height);
  new Uint8Array(labels, 8).forEach((label, at) => (map.data[4 * at + 3] = label ? VEIL : 0));
  context.putImageData(map, 0, 0);
  return canvas;
}

/** Draw over the picture what is ticked. */
function draw() {
  const [canvas, image] = [$("layers"), $("shown")];
  const share = Math.min(1, MOST / Math.max(image.naturalWidth, image.naturalHeight));
  canvas.width = image.naturalWidth * share;
  canvas.height = image.naturalHeight * share;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!layers) return;
  if ($("show-parts").checked) {
    context.imageSmoothingEnabled = false;
    context.drawImage(layers.parts, 0, 0, canvas.width, canvas.height);
  }
  const unit = Math.max(canvas.width, canvas.height) / 400;
  context.font = `600 ${12 * unit}px sans-serif`;
  if ($("show-points").checked) {
    for (const [x, y] of layers.points.flat()) dot(context, x * share, y * share, unit);
  }
  if ($("show-faces").checked) {
    layers.boxes.forEach((box, at) => {
      const [left, top, right, bottom] = box.map((value) => value * share);
      for (const [width, colour] of EDGES) {
        [context.lineWidth, context.strokeStyle] = [width * unit, colour];
        context.strokeRect(left, top, right - left, bottom - top);
        context.strokeText(at + 1, left + 4 * unit, top + 13 * unit);
      }
      context.fillText(at + 1, left + 4 * unit, top + 13 * unit);
    });
  }
}

function dot(context, x, y, unit) {
  for (const [width, colour] of EDGES) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, (width * unit) / 2, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A row for each thing that is read, a column for each face. */
function table(faces) {
  const rows = [
    ["likely", (face) => percent(face.likely)],
    ["place", (face) => `${face.box.map(Math.round).join(", ")}`],
    ["style", (face) => face.style ?? "unsure"],
    ...Object.keys(faces[0].moment).map((name) => [WORDS[name] ?? name.replaceAll("_", " "), (face) => moment(face, name)]),
    ...Object.keys(faces[0].traits ?? {}).map((name) => [name.replaceAll("_", " "), (face) => number(face.traits[name])]),
    ["doubts", (face) => face.unsure.join(", ") || "none"],
  ];
  const head = make("tr", {}, make("th", { scope: "col" }, "what"));
  faces.forEach((_, at) => head.append(make("th", { scope: "col" }, `face ${at + 1}`)));
  const body = make("tbody");
  for (const [name, cell] of rows) {
    const line = make("tr", {}, make("th", { scope: "row" }, name));
    for (const face of faces) line.append(make("td", {}, cell(face)));
    body.append(line);
  }
  const caption = "Faces: place is left, top, right, bottom in pixels";
  return make(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": "Faces" },
    make("table", {}, make("caption", {}, caption), make("thead", {}, head), body),
  );
}

const percent = (share) => `${Math.round(100 * share)} %`;
const number = (value) => (typeof value === "number" ? String(Math.round(100 * value) / 100) : String(value));

function moment(face, name) {
  const value = face.moment[name];
  if (SHARES.includes(name)) return percent(value);
  return name in TURNS ? `${Math.round((value * 180) / Math.PI) || 0}°` : number(value);
}

for (const name of ["show-parts", "show-points", "show-faces"]) $(name).addEventListener("change", draw);

await takePictures(
  (taken, image) => {
    file = taken;
    layers = null;
    [$("shown").src, $("shown").alt] = [image.src, file.name];
    $("result").hidden = $("layer-boxes").hidden = true;
    $("shown").decode().then(draw);
    $("run").disabled = false;
  },
  status,
  "portrait.png",
);
