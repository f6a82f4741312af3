import { API, ask, json, noticed, submit } from "./api.js";
import "./compare.js";
import "./films.js";
import { $, make, offer, offerRun, reveal, size, takePictures } from "./source.js";
import "./status.js";
import "./undo.js";

const PORTRAIT = 1024; // pixels
const status = $("status");
const isFilm = ({ type }) => type === "image/gif" || type.startsWith("video/");
const isCharacter = ({ name }) => name.endsWith(".character.json");
const style = () => document.querySelector("[name=to]:checked").value;
let file = null;
let picture = null; // the element that shows it

const NET = "restyle"; // the model in place of the painter
const isNet = () => $("model").value === NET;

/** The fields of a job: of a portrait, or of the picture. */
function fields(isAlone) {
  const how = [["to", style()], ["from", $("from").value]];
  if (!isAlone) how.push(["model", $("model").value], ["full_image", String($("whole").checked)]);
  if (isNet()) how.push(["strength", $("strength").value], ["keep_colours", String($("keep-colours").checked)]);
  else how.push(["attributes", [...changes].map(([name, value]) => `${name}=${value}`).join(", ")], ["write_character", String(!isFilm(file))]);
  return isAlone ? [...how, ["size", PORTRAIT]] : how;
}

const isAlone = () => !$("alone").hidden && $("portrait").checked;
offerRun(() => (isAlone() ? "portrait" : "restyle"), status, {
  file: () => file,
  fields: () => fields(isAlone()),
  show,
  said: (done) => ["Done.", ...done.notices.map(noticed)].join(" "),
});

async function show(job) {
  const result = job.files.find((one) => !isCharacter(one));
  const isPortrait = job.verb === "portrait";
  if (isFilm(file)) $("films").show(file, await (await ask(result.url)).blob());
  else if (isPortrait) $("compare").show(result.url, "The person, drawn alone");
  else {
    if ($("compare").before.src !== picture.src) $("compare").show(picture.src, file.name);
    $("compare").against(result.url, "The picture as it was drawn", ["Before", "After"]);
  }
  const guess = job.fields.model === NET ? "What a net draws is a guess" : "Who is drawn is a guess";
  $("facts").textContent = `${result.name}, ${size(result.bytes)}. ${guess}: say so where you show it.`;
  $("download").hidden = false;
  $("download").href = result.url;
  $("download").download = named(result.name, job.fields.to, isPortrait);
  if (job.fields.model !== NET) await meet(job);
  reveal($("result"), $("result-title"));
}

const named = (name, to, isPortrait) => name.replace(/(\.\w+)$/, `.${to}${isPortrait ? ".portrait" : ""}$1`);

// Who is drawn: what the painter sees of the largest face, and what is to be otherwise.
const OFFERED = {
  smile: "Smile",
  age: "Age",
  tone: "Skin, light to dark",
  iris: "Eyes, brown to blue",
  hair_length: "Hair, short to long",
  hair_light: "Hair, black to blond",
  hair_red: "Hair, ash to red",
  hair_curl: "Hair, straight to curly",
  beard: "Beard",
  glasses: "Glasses",
  hat: "Hat",
};
const BOXES = ["glasses", "hat"];
// What goes with a field: grey or dyed hair would hide its colour.
const ALONG = {
  hair_light: () => ({ hair_grey: 0, hair_dye: 0 }),
  hair_red: () => ({ hair_grey: 0, hair_dye: 0 }),
  beard: (value) => ({ moustache: value }),
};
const SIDE = 256; // pixels
const changes = new Map(); // by field
const inputs = new Map();
let person = null; // by field, as it was seen

const now = () => ({ ...person, ...Object.fromEntries(changes) });

/** The person that a job saw, if there is one and none was changed. */
async function meet(job) {
  const seen = job.files.find(isCharacter);
  if (!seen || job.fields.from !== $("from").value) return forget();
  if (!job.fields.attributes) person = (await json(seen.url)).character;
  adapt();
  place();
}

function forget() {
  person = null;
  changes.clear();
  adapt();
}

/** Set the sliders to who is drawn, and draw them. */
function place() {
  if (!person) return;
  const values = now();
  for (const [name, input] of inputs) {
    if (BOXES.includes(name)) input.checked = values[name] > 0.5;
    else input.value = values[name];
  }
  draw();
}

let isDrawing = false;
let isStale = false; // who is drawn has changed meanwhile

async function draw() {
  $("reset").disabled = !changes.size;
  isStale = true;
  if (isDrawing) return;
  isDrawing = true;
  try {
    while (isStale && person) {
      isStale = false;
      const body = JSON.stringify({ character: now(), style: style(), size: SIDE });
      const drawn = await (await ask(`${API}/draw`, { method: "POST", body })).blob();
      URL.revokeObjectURL($("person").src);
      $("person").src = URL.createObjectURL(drawn);
    }
  } catch (error) {
    status.fail(error);
  } finally {
    isDrawing = false;
  }
}

function setting(name, { low, high }) {
  const isBox = BOXES.includes(name);
  const kind = isBox ? { type: "checkbox" } : { type: "range", min: low, max: high, step: high - low > 5 ? 1 : 0.01 };
  const input = make("input", { ...kind, id: `of-${name}` });
  input.addEventListener("input", () => {
    const value = isBox ? Number(input.checked) : Number(input.value);
    for (const [one, to] of Object.entries({ [name]: value, ...ALONG[name]?.(value) })) changes.set(one, to);
    draw();
  });
  inputs.set(name, input);
  return make("div", { class: "setting" }, make("label", { for: input.id }, OFFERED[name]), input);
}

$("reset").addEventListener("click", () => {
  changes.clear();
  place();
});

$("save-character").addEventListener("click", () => {
  const text = `${JSON.stringify({ character: now() }, null, 2)}\n`;
  const name = `${file.name.replace(/\.\w+$/, "")}.character.json`;
  offer(new Blob([text], { type: "application/json" }), name);
});

$("save-portrait").addEventListener("click", async () => {
  $("save-portrait").disabled = true;
  try {
    const done = await status.follow(await submit("portrait", [["pictures", file, file.name], ...fields(true)]));
    const { name, url } = done.files.find((one) => !isCharacter(one));
    offer(await (await ask(url)).blob(), named(name, done.fields.to, true));
    status.say("The portrait was drawn, and is being downloaded.");
  } catch (error) {
    status.fail(error);
  } finally {
    $("save-portrait").disabled = false;
  }
});

/** Show what can be asked of who draws. */
function adapt() {
  $("of-net").hidden = !isNet();
  $("alone").hidden = isNet() || (file !== null && isFilm(file));
  $("all").hidden = isAlone();
  $("who").hidden = isNet() || !person;
}

for (const name of ["model", "portrait"]) $(name).addEventListener("change", adapt);
for (const radio of document.querySelectorAll("[name=to]")) radio.addEventListener("change", place);
$("from").addEventListener("change", forget); // it would be seen otherwise
$("strength").addEventListener("input", () => {
  $("strength-shown").textContent = `${Math.round(100 * $("strength").value)} %`;
  $("strength").setAttribute("aria-valuetext", $("strength-shown").textContent);
});

const painter = (await json(`${API}/models`)).find((model) => model.style);
const ranges = new Map(painter.fields.map((field) => [field.name, field]));
$("settings").append(...Object.keys(OFFERED).map((name) => setting(name, ranges.get(name))));
adapt();
await takePictures(
  (taken, image) => {
    [file, picture] = [taken, image];
    $("films").hidden = !isFilm(file);
    $("compare").hidden = isFilm(file);
    if (isFilm(file)) $("films").show(file);
    else $("compare").show(image.src, file.name);
    $("result").hidden = $("download").hidden = true;
    forget();
    $("run").disabled = false;
  },
  status,
  "portrait.png",
);
