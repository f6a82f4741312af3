import { API, json } from "./api.js";
import { $, make, reveal } from "./source.js";
import "./status.js";

const status = $("status");
const OFTEN = 2000; // milliseconds between two looks
// The columns of the command, in the words of this page.
const COLUMNS = {
  run: "Run",
  recipe: "Recipe",
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
  for (const [name, ...cells] of rows) {
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

addEventListener("hashchange", open);
document.addEventListener("visibilitychange", look);

await open();
