import { API, ask, cancel, isOver, json, listen, remove, sentence, submit } from "./api.js";
import { $, make, shortest, size } from "./source.js";
import { duration } from "./status.js";

const status = $("status");
const STATES = { queued: "waiting", running: "at work", done: "done", failed: "failed", cancelled: "cancelled" };
let looks = 0; // at the list, until now
const items = new Map(); // what is shown of each job

async function refresh() {
  const turn = ++looks;
  try {
    const jobs = await json(`${API}/jobs`);
    if (turn !== looks) return; // a later look may be answered first
    const list = make("ul", { class: "jobs" });
    items.clear();
    for (const job of jobs) list.append(item(job));
    $("list").replaceChildren(...(jobs.length ? [list] : []));
    $("none").hidden = jobs.length > 0;
  } catch (error) {
    status.fail(error);
  }
}

/** What was asked for, in the words of the pages. */
const NAMES = {
  generate: "Generate",
  inpaint: "Repair",
  "judge_people_make": "Test of people",
  microscope: "Microscope",
  morph: "Walk",
  read: "Read",
  replay: "Replay",
  restyle: "Restyle",
  upscale: "Upscale",
};
const named = (job) => NAMES[job.verb] ?? job.verb;
const SHOWN = 6; // files of a job; the others are folded away
const FRAME = /^\d+\.png$/; // of a walk: its film comes first

function item(job) {
  const [picture] = job.inputs.filter((one) => one.name.startsWith("pictures/"));
  const shown = job.state === "done" && shortest(job.files.filter((one) => /\.(png|jpe?g|webp|gif|avif)$/i.test(one.name)));
  const name = picture?.name.replace("pictures/", "") ?? "";
  const state = make("span", {}, STATES[job.state]);
  const bar = make("div", { class: "bar-of-job", role: "progressbar", "aria-label": `Progress of ${name}`, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" }, make("div"));
  bar.firstChild.style.width = "0%";
  bar.hidden = isOver(job.state);
  const body = make("div", {}, make("h2", {}, `${named(job)} `, make("span", { class: "soft" }, name)));
  body.append(make("p", { class: "soft" }, state, `, ${when(job)}`), bar);
  if (job.problem) body.append(make("p", { class: "problem" }, sentence(job.problem)));
  if (job.verb === "replay" && job.state === "done") body.append(...whether(job));
  const link = (one) => make("a", { class: "button", href: one.url, download: "" }, `${one.name} (${size(one.bytes)})`);
  const files = job.files.toSorted((one, other) => FRAME.test(one.name) - FRAME.test(other.name)).map(link);
  const row = make("div", { class: "row" }, ...files.splice(0, SHOWN));
  if (isOver(job.state)) row.append(act("Again", job, again), act("Delete", job, remove));
  else row.append(act("Cancel", job, cancel));
  body.append(row);
  if (files.length) {
    body.append(make("details", {}, make("summary", {}, `${files.length} more files`), make("div", { class: "row" }, ...files)));
  }
  items.set(job.id, { bar, state });
  const image = make("img", { class: "thumb", alt: "", loading: "lazy" });
  if (shown || picture) image.src = (shown || picture).url;
  else image.hidden = true;
  image.addEventListener("error", () => (image.hidden = true));
  return make("li", {}, image, body);
}

/** When it was asked for, how long it took, and when it is deleted. */
function when(job) {
  const parts = [new Date(1000 * job.created).toLocaleString()];
  if (job.ended && job.started) parts.push(`took ${duration(job.ended - job.started)}`);
  if (job.ended) {
    const gone = new Date(1000 * (job.ended + 24 * 3600 * job.kept_days));
    parts.push(`deleted on ${gone.toLocaleDateString()}`);
  }
  return parts.join(", ");
}

/** Of pictures that were made again, whether the same came out. */
function whether(job) {
  const lines = job.summary.split("\n").map((line) => line.replace(/^pictures\//, ""));
  const bad = job.skipped.map(({ file, why }) => `${file}: ${sentence(why)}`);
  return [...lines, ...bad].filter(Boolean).map((text) => make("p", { class: "soft" }, text));
}

const again = (id) => ask(`${API}/jobs/${id}/again`, { method: "POST" });

function act(word, job, does) {
  const button = make("button", { type: "button", "aria-label": `${word} ${named(job)}` }, word);
  button.addEventListener("click", async () => {
    try {
      await does(job.id);
      await refresh();
    } catch (error) {
      status.fail(error);
    }
  });
  return button;
}

// A picture from elsewhere, made again

function tell() {
  for (const side of ["made", "inputs"]) {
    const names = [...$(side).files].map((file) => file.name);
    $(`${side}-said`).textContent = names.length > 3 ? `${names.length} files` : names.join(", ") || $(`${side}-said`).dataset.none;
  }
  $("run").disabled = !$("made").files.length;
}

for (const side of ["made", "inputs"]) $(side).addEventListener("change", tell);
$("replay").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const fields = [["made", "pictures"], ["inputs", "inputs"]].flatMap(([side, name]) => [...$(side).files].map((file) => [name, file, file.name]));
    const job = submit("replay", fields);
    event.target.reset();
    tell();
    await status.follow(await job);
    status.say("Made again: the list above says whether the same came out.");
  } catch (error) {
    status.fail(error);
  }
});
tell();

listen("", (event) => {
  if (event.kind === "opened" || event.kind === "state") return refresh();
  const shown = items.get(event.job);
  if (!shown || event.kind !== "progress") return;
  const percent = Math.round((100 * event.done) / event.total);
  shown.bar.firstChild.style.width = `${percent}%`;
  shown.bar.setAttribute("aria-valuenow", percent);
});
