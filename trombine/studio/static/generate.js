import { noticed, sentence, submit } from "./api.js";
import { $, make, offerModels, reveal } from "./source.js";
import "./status.js";
import "./undo.js";

const status = $("status");
const models = await offerModels("generate");
const chosen = () => models[$("model").selectedIndex];
const set = new Map(); // fields that are asked for, by name

/** A row for a field: its box says whether it is asked for, else it is each seed's own. */
function row({ name, low, high, unit, text }) {
  const step = high - low > 5 ? 1 : 0.01;
  const middle = Math.round((low + high) / 2 / step) * step;
  const box = make("input", { type: "checkbox", "aria-label": `Set ${plain(name)}` });
  const slider = make("input", { type: "range", min: low, max: high, step, value: middle, "aria-label": plain(name), title: text });
  const shown = make("output", {}, "any");
  const tell = () => {
    const value = Math.round(100 * slider.value) / 100;
    if (box.checked) set.set(name, value);
    else set.delete(name);
    shown.textContent = box.checked ? `${value} ${unit}`.trim() : "any";
    slider.setAttribute("aria-valuetext", shown.textContent);
    $("reset").disabled = !set.size;
  };
  box.addEventListener("change", tell);
  slider.addEventListener("input", () => {
    box.checked = true;
    tell();
  });
  const label = make("label", {}, box, make("span", {}, `${plain(name)} `, shown));
  return make("div", { class: "setting" }, label, slider);
}

const plain = (name) => name.replaceAll("_", " ");

function take(model) {
  set.clear();
  $("variety").hidden = Boolean(model.style); // which nets alone have
  $("likeness").hidden = !model.style; // which nets cannot paint
  $("reset").disabled = true;
  $("size").replaceChildren(...model.sizes.map((side) => new Option(`${side} × ${side}`, side)));
  const groups = new Map();
  for (const field of model.fields) groups.set(field.group, [...(groups.get(field.group) ?? []), field]);
  const parts = [...groups].map(([group, fields]) => make("details", {}, make("summary", {}, group), ...fields.map(row)));
  $("fields").replaceChildren(...parts);
}

const buttons = ["run", "more", "go", "like"];

/** Ask for a job, and show what became of it; none else can be asked for meanwhile. */
async function work(verb, fields, show) {
  for (const id of buttons) $(id).disabled = true;
  stop();
  try {
    const { name, style } = chosen();
    const asked = [style ? ["style", style] : ["model", name], ["size", $("size").value], ...fields];
    const job = await submit(verb, asked);
    const done = await status.follow(job);
    $("to-come").hidden = true;
    await show(done);
  } catch (error) {
    status.fail(error);
  } finally {
    for (const id of buttons) $(id).disabled = false;
  }
}

/** What is to be of all faces. */
const wanted = () => [
  ...(chosen().style ? [] : [["truncation", $("truncation").value]]),
  ["attributes", [...set].map(([name, value]) => `${name}=${value}`).join(", ")],
];

function showFaces(job) {
  $("faces").replaceChildren(...job.files.map(face));
  status.say(job.files.length === 1 ? "One face was generated." : `${job.files.length} faces were generated.`);
  reveal($("result"), $("result-title"));
}

function generate() {
  const first = Math.max(0, Math.round(Number($("seed").value)) || 0);
  const last = first + Number($("count").value) - 1;
  const seeds = first === last ? `${first}` : `${first}-${last}`;
  const fields = [["seeds", seeds], ...wanted()];
  return work("generate", fields, showFaces);
}

const like = (file) =>
  work("generate", [["like", file, file.name]], (job) => {
    showFaces(job);
    status.say(["The person was painted.", ...job.notices.map(noticed)].join(" "));
  });

function face({ name, url }) {
  const seed = /^\d+\.png$/.test(name) && Number.parseInt(name, 10); // none of a person of a picture
  const [alt, shown] = seed === false ? ["The person of the picture", "painted"] : [`Face of seed ${seed}`, seed];
  const image = make("img", { src: url, alt });
  return make("li", {}, make("a", { href: url, download: name, title: "Download" }, image, make("span", {}, shown)));
}

// A walk: its frames are loaded, then shown one after the other, or as the slider says.
const TURN = 80; // milliseconds a frame
let frames = [];
let playing = 0;

async function showWalk(job) {
  const isFrame = ({ name }) => /^\d+\.png$/.test(name);
  frames = job.files.filter(isFrame).map(({ url }) => Object.assign(new Image(), { src: url }));
  await Promise.all(frames.map((image) => image.decode()));
  $("scrub").max = frames.length - 1;
  $("scrub").value = 0;
  $("sheet").href = job.files.find(({ name }) => name === "all.sheet.png").url;
  const film = job.files.find(({ name }) => name.startsWith("film."));
  [$("film").href, $("film").download] = [film.url, film.name.replace("film", "walk")];
  $("how-even").textContent = sentence(job.summary.split("; ").slice(1).join("; "));
  status.say(`${frames.length} frames. Move the slider below them.`);
  reveal($("walk"), $("walk-title"));
  scrub();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play();
}

function scrub() {
  const [frame, at] = [$("frame"), Number($("scrub").value)];
  [frame.width, frame.height] = [frames[at].naturalWidth, frames[at].naturalHeight];
  frame.getContext("2d").drawImage(frames[at], 0, 0);
  $("where").textContent = `Frame ${at + 1} of ${frames.length}`;
  $("scrub").setAttribute("aria-valuetext", $("where").textContent);
}

function play() {
  $("play").textContent = "Stop";
  playing = setInterval(() => {
    $("scrub").value = (Number($("scrub").value) + 1) % frames.length;
    scrub();
  }, TURN);
}

function stop() {
  clearInterval(playing);
  playing = 0;
  $("play").textContent = "Play";
}

$("play").addEventListener("click", () => (playing ? stop() : play()));
$("scrub").addEventListener("input", () => {
  stop();
  scrub();
});
$("go").addEventListener("click", () => {
  const fields = ["seeds", "frames"].map((name) => [name, $(name).value]);
  fields.push(["film", $("kind").value]);
  work("morph", [...fields, ["cycle", String($("cycle").checked)], ["sheet", "true"], ...wanted()], showWalk);
});
$("like").addEventListener("change", () => {
  const [file] = $("like").files;
  $("like").value = ""; // the same file can be chosen again
  if (file) like(file);
});
$("model").addEventListener("change", () => take(chosen()));
$("truncation").addEventListener("input", () => ($("truncation-shown").textContent = $("truncation").value));
$("run").addEventListener("click", generate);
$("more").addEventListener("click", () => {
  $("seed").value = Number($("seed").value) + Number($("count").value);
  generate();
});
$("reset").addEventListener("click", () => {
  for (const box of $("fields").querySelectorAll("input:checked")) box.click();
});

take(models[0]);
status.say("Press Generate.");
