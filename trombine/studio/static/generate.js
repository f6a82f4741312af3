import { ended, submit } from "./api.js";
import { $, make, offerModels, reveal } from "./source.js";
import "./status.js";

const status = $("status");
const models = await offerModels("generate");
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
  return make("div", { class: "setting" }, box, make("span", {}, `${plain(name)} `, shown), slider);
}

const plain = (name) => name.replaceAll("_", " ");

function take(model) {
  set.clear();
  $("reset").disabled = true;
  $("size").replaceChildren(...model.sizes.map((side) => new Option(`${side} × ${side}`, side)));
  const groups = new Map();
  for (const field of model.fields) groups.set(field.group, [...(groups.get(field.group) ?? []), field]);
  const parts = [...groups].map(([group, fields]) => make("details", {}, make("summary", {}, group), ...fields.map(row)));
  $("fields").replaceChildren(...parts);
}

async function invent() {
  $("run").disabled = $("more").disabled = true;
  try {
    const first = Math.max(0, Math.round(Number($("seed").value)) || 0);
    const last = first + Number($("count").value) - 1;
    const job = await submit("generate", [
      ["seeds", first === last ? `${first}` : `${first}-${last}`],
      ["model", $("model").value],
      ["size", $("size").value],
      ["truncation", $("truncation").value],
      ["with", [...set].map(([name, value]) => `${name}=${value}`).join(", ")],
    ]);
    status.begin([job.id]);
    const done = await ended(job.id, (event) => status.hear(event));
    $("faces").replaceChildren(...done.files.map(face));
    status.say(done.files.length === 1 ? "One face was invented." : `${done.files.length} faces were invented.`);
    reveal($("result"), $("result-title"));
  } catch (error) {
    status.fail(error);
  } finally {
    $("run").disabled = $("more").disabled = false;
  }
}

function face({ name, url }) {
  const seed = Number.parseInt(name, 10);
  const image = make("img", { src: url, alt: `Face of seed ${seed}` });
  return make("li", {}, make("a", { href: url, download: name, title: "Download" }, image, make("span", {}, `${seed}`)));
}

$("model").addEventListener("change", () => take(models[$("model").selectedIndex]));
$("truncation").addEventListener("input", () => ($("truncation-shown").textContent = $("truncation").value));
$("run").addEventListener("click", invent);
$("more").addEventListener("click", () => {
  $("seed").value = Number($("seed").value) + Number($("count").value);
  invent();
});
$("reset").addEventListener("click", () => {
  for (const box of $("fields").querySelectorAll("input:checked")) box.click();
});

take(models[0]);
status.say("Press Invent.");
