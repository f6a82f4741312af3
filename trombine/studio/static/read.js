import { ended, json, submit } from "./api.js";
import "./compare.js";
import { $, make, reveal, takePictures } from "./source.js";
import "./status.js";

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
  [".points.json", "Landmarks"],
  [".json", "JSON"],
  [".png", "Picture with all of it"],
];
let file = null;

$("run").disabled = true;
$("run").addEventListener("click", async () => {
  $("run").disabled = true;
  try {
    const picture = file;
    const job = await submit("read", [
      ["pictures", picture, picture.name],
      ...["json", "write_parts", "write_points"].map((name) => [name, "true"]),
      ...["enlarge", "traits"].map((name) => [name, String($(name).checked)]),
    ]);
    status.begin([job.id]);
    const done = await ended(job.id, (event) => status.hear(event));
    if (picture === file) await show(done);
  } catch (error) {
    status.fail(error);
  } finally {
    $("run").disabled = !file;
  }
});

async function show(job) {
  const found = new Map(KINDS.map(([ending]) => [ending, null]));
  for (const one of job.files) {
    const kind = KINDS.find(([ending]) => one.name.endsWith(ending));
    if (kind) found.set(kind[0], one);
  }
  const read = await json(found.get(".json").url);
  $("compare").show(found.get(".png").url, "The picture, with parts and landmarks drawn over it");
  $("table").replaceChildren(read.faces.length ? table(read.faces) : make("p", {}, "No face was found."));
  $("json").textContent = JSON.stringify(read, null, 1);
  $("downloads").replaceChildren(
    ...KINDS.map(([ending, name]) => make("a", { class: "button", href: found.get(ending).url, download: "" }, name)),
  );
  const count = read.faces.length;
  status.say(count === 1 ? "One face was found." : `${count || "No"} faces were found.`);
  reveal($("result"), $("result-title"));
}

/** A row for each thing that is read, a column for each face. */
function table(faces) {
  const rows = [
    ["likely", (face) => percent(face.likely)],
    ["place", (face) => `${face.box.map(Math.round).join(", ")}`],
    ["style", (face) => face.style ?? "unsure"],
    ...Object.keys(faces[0].moment).map((name) => [WORDS[name] ?? name.replaceAll("_", " "), (face) => moment(face, name)]),
    ...Object.keys(faces[0].traits ?? {}).map((name) => [name.replaceAll("_", " "), (face) => number(face.traits[name])]),
    ["speaks against it", (face) => face.unsure.join(", ") || "nothing"],
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

await takePictures(
  (taken, image) => {
    file = taken;
    $("compare").show(image.src, file.name);
    $("result").hidden = true;
    $("run").disabled = false;
  },
  status,
  "portrait.png",
);
