import { API, Problem, ask, json, sentence } from "./api.js";
import { $, make, reveal } from "./source.js";
import "./status.js";

const status = $("status");
const OFTEN = 2000; // milliseconds between two looks
const FIELDS = ["pictures", "batch", "size", "lr"];
// The columns of the command, in the words of this page.
const COLUMNS = {
  run: "Run",
  recipe: "What it learns",
  data: "Learns from",
  pictures: "Pictures seen",
  best: "Best so far",
  state: "How it stands",
  "last change": "Last change",
};
const held = new Map(); // what is shown, so that only what changed is drawn again
let chosen = null; // the run that is shown
let timer = null;

const address = (path, query) => `${API}/runs/${path}?${new URLSearchParams(query)}`;
const post = (path, body) => ask(`${API}/runs${path}`, { method: "POST", body: JSON.stringify(body) });

/** Draw where something is another than before: who reads on is not disturbed. */
function draw(place, what, nodes) {
  const text = JSON.stringify(what);
  if (held.get(place) === text) return;
  held.set(place, text);
  place.replaceChildren(...nodes());
}

async function look() {
  clearTimeout(timer);
  try {
    if (!document.hidden) {
      await list();
      if (chosen) await show();
    }
  } catch (error) {
    if ($("all").hidden || chosen) status.fail(error);
  }
  if (!$("all").hidden) timer = setTimeout(look, OFTEN);
}

async function list() {
  const { columns, rows } = await json(`${API}/runs`);
  $("all").hidden = false;
  $("none").hidden = rows.length > 0;
  draw($("list"), [rows, chosen], () => (rows.length ? [table(columns, rows)] : []));
}

function table(columns, rows) {
  const head = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, COLUMNS[name] ?? name)));
  const body = make("tbody");
  const learns = columns.indexOf("recipe") - 1;
  for (const [name, ...cells] of rows) {
    cells[learns] = recipes[cells[learns]]?.about ?? cells[learns];
    const link = make("a", { href: `#${encodeURIComponent(name)}` }, name);
    if (name === chosen) link.setAttribute("aria-current", "true");
    body.append(make("tr", {}, make("th", { scope: "row" }, link), ...cells.map((cell) => make("td", {}, cell))));
  }
  const whole = make("table", { class: "words" }, make("caption", {}, "Runs, the last changed first"), make("thead", {}, head), body);
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Runs" }, whole);
}

async function show() {
  const run = chosen;
  const one = await json(address("one", { run }));
  if (run !== chosen) return; // something else was asked for meanwhile
  const { title, lead = "", sections } = one;
  $("result-title").textContent = title;
  $("lead").textContent = lead;
  $("problem").hidden = !one.problem;
  $("problem").textContent = one.problem && `It ended early: ${sentence(one.problem)}`;
  $("stop").hidden = !one.is_running;
  $("resume").hidden = !one.can_go_on;
  draw($("samples"), [run, one.samples, one.film], () => strips(run, one));
  for (const [name, html] of sections) section(name, html);
  const names = sections.map(([name]) => name);
  for (const part of [...$("sections").children]) if (!names.includes(part.dataset.name)) part.remove();
  if ($("result").hidden) reveal($("result"), $("result-title"));
}

/** A part of the page that `runs show` writes; markup of the server's, in which all text is escaped. */
function section(name, html) {
  const parts = [...$("sections").children];
  let part = parts.find((one) => one.dataset.name === name);
  if (!part) {
    part = make("div", { "data-name": name });
    $("sections").append(part);
  }
  if (part.told === html) return;
  part.told = html;
  part.innerHTML = html;
}

/** What the nets made, over the run. */
function strips(run, { samples, fixed, film }) {
  const numbers = Object.keys(samples).map(Number).sort((a, b) => a - b);
  if (!numbers.length) return [];
  const figures = make("div", { class: "strips" });
  const still = (name) => figures.append(figure(address("file", { run, name: fixed[name] }), name));
  for (const name of Object.keys(fixed)) if (name !== "truth") still(name);
  const made = figure("", "made by the nets");
  figures.append(made);
  if (fixed.truth) still("truth");
  const slider = make("input", { type: "range", min: "0", max: String(numbers.length - 1), "aria-label": "Samples over the run" });
  const now = make("output", { class: "soft" });
  const walk = () => {
    const number = numbers[slider.value];
    now.textContent = `${number.toLocaleString()} pictures seen`;
    slider.setAttribute("aria-valuetext", now.textContent);
    made.querySelector("img").src = address("file", { run, name: samples[number] });
  };
  slider.value = numbers.length - 1;
  slider.addEventListener("input", walk);
  walk();
  const parts = [make("h3", {}, "Samples"), figures];
  if (numbers.length > 1) parts.push(make("div", { class: "row through" }, slider));
  parts.push(now);
  if (film) {
    const moving = make("img", { loading: "lazy", src: address("file", { run, name: film }), alt: "The samples as a film" });
    parts.push(make("details", {}, make("summary", {}, "as a film"), moving));
  }
  return parts;
}

function figure(url, name) {
  const image = make("img", { alt: `Samples: ${name}` });
  if (url) image.src = url;
  return make("figure", {}, image, make("figcaption", {}, name));
}

async function open() {
  chosen = decodeURIComponent(location.hash.slice(1)) || null;
  $("result").hidden = true;
  held.delete($("samples"));
  $("sections").replaceChildren();
  status.clear();
  await look();
}

// Train

let recipes = {};

function describe() {
  const recipe = recipes[$("recipe").value];
  $("about-data").textContent = `The name of a folder of yours. Unless given: ${recipe.data}, which trombine paints itself.`;
  $("data").placeholder = recipe.data;
  for (const name of FIELDS) $(name).placeholder = recipe[name];
  $("name").placeholder = $("recipe").value;
  $("tried").hidden = true;
}

function asked() {
  const settings = FIELDS.filter((name) => $(name).value.trim()).map((name) => `${name}=${$(name).value.trim()}`);
  for (const line of $("settings").value.split("\n")) if (line.trim()) settings.push(line.trim());
  return { recipe: $("recipe").value, data: $("data").value.trim(), name: $("name").value.trim(), settings };
}

/** What the command says of a training that was tried, as a sentence and tables. */
function tell(text, command) {
  const parts = Object.fromEntries(text.split("\n\n").slice(1).map((part) => {
    const [title, ...lines] = part.split("\n");
    return [title, lines.map((line) => line.trim().split(/\s{2,}/))];
  }));
  const of = (title, name) => parts[title]?.find(([first]) => first === name)?.[1] ?? "";
  const [time, steps] = of("expected", "time").split(": ");
  $("takes").textContent = `It would take about ${time} on this machine, and ${of("expected", "memory")} of memory.`;
  const recipe = $("recipe").value;
  const rows = [
    ["It learns", recipes[recipe].about],
    ["From", of("data", "data") || (parts.data ?? []).map((row) => row.join(": ")).join("; ")],
    ["Pictures seen", Number(of("settings", "pictures")).toLocaleString()],
    ["Steps", steps],
    ...(parts.nets ?? []).map(([role, net, count]) => ["Net", [role === "net" ? "" : role, net, count].filter(Boolean).join(", ")]),
    ["Computed on", `${of("resolved", "device")}, ${of("resolved", "precision")}`],
  ];
  $("expected").replaceChildren(sheet("What would be trained", rows));
  $("resolved").replaceChildren(sheet("All settings", parts.settings ?? []));
  $("command").textContent = command;
}

function sheet(caption, rows) {
  const lines = rows.map(([name, ...values]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, values.join("  "))));
  const whole = make("table", { class: "words" }, make("caption", {}, caption), make("tbody", {}, ...lines));
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, whole);
}

/** What takes its time is said to be at work, and cannot be asked for twice. */
async function patiently(button, text, act) {
  button.disabled = true;
  status.say(text);
  try {
    await act();
  } catch (error) {
    status.fail(error);
  } finally {
    button.disabled = false;
  }
}

async function begin(button, what, name) {
  await patiently(button, "The training is being started; that takes a few seconds.", async () => {
    await post("", what);
    status.say("It trains. You may close the page, and the studio too: it goes on.");
    $("tried").hidden = true;
    if (chosen === name) await look();
    else location.hash = encodeURIComponent(name);
  });
}

$("train").addEventListener("input", () => ($("tried").hidden = true));
$("recipe").addEventListener("change", describe);
$("train").addEventListener("submit", (event) => {
  event.preventDefault();
  patiently($("try"), "It takes a few steps to see how long a training would be.", async () => {
    const { text, command } = await (await post("", { ...asked(), dry_run: true })).json();
    tell(text, command);
    status.say("Nothing is trained yet. This is what would be.");
    reveal($("tried"), $("begin"), $("tried"));
  });
});
$("begin").addEventListener("click", () => begin($("begin"), asked(), $("name").value.trim() || $("recipe").value));
$("resume").addEventListener("click", () => begin($("resume"), { again: chosen }, chosen));
$("stop").addEventListener("click", () =>
  patiently($("stop"), "It finishes its step, saves, and ends.", () => post("/stop", { run: chosen })),
);
addEventListener("hashchange", open);
document.addEventListener("visibilitychange", look);

try {
  recipes = await json(`${API}/runs/recipes`);
  $("recipe").append(...Object.keys(recipes).map((name) => new Option(`${name}: ${recipes[name].about}`, name)));
  describe();
  await open();
} catch (error) {
  status.fail(error instanceof Problem ? error : new Problem(String(error)));
}
