// A picture from wherever people have it: chosen, photographed, dropped, pasted, or an example.

import { API, Problem, ask, json, sentence, submit } from "./api.js";
import { offerCamera } from "./camera.js";
import { keep, kept } from "./keep.js";

export const $ = (id) => document.getElementById(id);
const PIXELS = Number(document.documentElement.dataset.pixels); // of a picture that the studio reads
const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|heic)$/i;
let resume = () => {}; // goes on with the jobs that the page had before a reload
let others = []; // pictures that were given with the one that is shown
let storing = null; // of what is shown, for a reload
let isBack = false; // whether what is shown was there before a reload

/** An image element of a file, a video's where the page takes films; a Problem where the browser
 * cannot show it. */
export async function imageOf(file) {
  const isFilm = file.type.startsWith("video/") && $("file").accept.includes("video/");
  const image = isFilm ? document.createElement("video") : new Image();
  image.src = URL.createObjectURL(file);
  try {
    if (isFilm) await new Promise((loaded, failed) => Object.assign(image, { onloadeddata: loaded, onerror: failed }));
    else await image.decode();
  } catch {
    URL.revokeObjectURL(image.src);
    const kinds = isFilm ? "MP4 (H.264) or WebM" : "PNG or JPEG";
    throw new Problem(
      `This browser cannot show ${file.name}. Save it as ${kinds}, or use the command trombine.`,
    );
  }
  const [wide, high] = [image.naturalWidth ?? 0, image.naturalHeight ?? 0];
  if (wide * high > PIXELS) {
    const most = Math.floor(Math.sqrt(PIXELS / (wide * high)) * wide);
    throw new Problem(`${file.name} is ${wide} × ${high}, which is too large here. Make it at most ${most} wide first.`);
  }
  return image;
}

/** The files of a drop, those of its folders too. */
async function dropped({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...files];
  const found = [];
  for (let entry = entries.shift(); entry; entry = entries.shift()) {
    if (entry.isFile) found.push(await new Promise((given, failed) => entry.file(given, failed)));
    else {
      const reader = entry.createReader(); // which gives some at a time
      const some = () => new Promise((given, failed) => reader.readEntries(given, failed));
      for (let more = await some(); more.length; more = await some()) entries.push(...more);
    }
  }
  return found.filter(({ name }) => PICTURE.test(name)).sort((one, other) => one.name.localeCompare(other.name));
}

/**
 * Let a page take pictures. `take(file, image, from)` gets each, with the example that it is of or what was
 * kept of it, and gives what more is to be kept; `status` says what went wrong. The first example is there
 * from the beginning, or what the page had before a reload, with its jobs.
 */
export async function takePictures(take, status, first) {
  let latest = 0; // what was asked for last is what is shown, whichever is there first
  const load = async (file, from = null, turn = ++latest) => {
    try {
      status.clear();
      const image = await imageOf(file);
      if (turn !== latest) return;
      others = from?.others ?? [];
      if (!from?.file) begun([]); // they were of another picture
      const more = await take(file, image, from);
      if (!from?.file) storing = keep({ file, example: from?.name ?? "", ...more });
      if (!from) $("example").value = "";
    } catch (error) {
      if (turn === latest) status.fail(error);
    }
  };
  const loadAll = async ([file, ...more]) => {
    const loading = load(file);
    const turn = latest;
    await loading;
    if (!more.length || turn !== latest || !status.problem.hidden) return;
    if (!$("file").multiple) return status.say(`One picture at a time here: ${file.name} was taken.`);
    storing = keep({ file, others: (others = more), example: "" });
    sayAll(file);
  };
  const sayAll = ({ name }) => status.say(`${name} is shown; ${$("run").textContent} does all ${1 + others.length}.`);
  const choose = () => {
    const files = [...$("file").files];
    $("file").value = ""; // the same file can be chosen again
    if (files.length) loadAll(files);
  };
  $("file").addEventListener("change", choose);
  choose(); // what was chosen before this page heard of it
  offerCamera($("camera"), load, status);
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) loadAll(files);
  });
  let inside = 0; // dragging over what is inside tells that it left what is around
  let isOurs = false; // what is dragged is of this page: a picture of it, a link, a text
  addEventListener("dragstart", () => (isOurs = true));
  // What is dragged away from the page, or goes from it meanwhile, may not tell of its end.
  for (const kind of ["dragend", "pointermove"]) addEventListener(kind, () => (isOurs = false));
  addEventListener("dragenter", () => document.body.classList.toggle("dropping", !isOurs && ++inside > 0));
  addEventListener("dragleave", () => document.body.classList.toggle("dropping", !isOurs && --inside > 0));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    inside = 0;
    document.body.classList.remove("dropping");
    if (isOurs) return;
    const files = event.dataTransfer ? await dropped(event.dataTransfer).catch(() => []) : [];
    if (files.length) loadAll(files);
    else status.fail(new Problem("No picture is in that. Save it as a file first, then drop that here."));
  });
  try {
    const examples = await json(`${API}/examples`);
    $("example").append(new Option("choose", ""), ...examples.map((one) => new Option(one.title, one.name)));
    const show = async (example) => {
      const turn = ++latest;
      try {
        const blob = await (await ask(example.url)).blob();
        await load(new File([blob], example.name, { type: blob.type }), example, turn);
      } catch (error) {
        if (turn === latest) status.fail(error);
      }
    };
    $("example").addEventListener("change", () => {
      const chosen = examples.find((one) => one.name === $("example").value);
      if (chosen) show(chosen);
    });
    if (latest) return load; // somebody was quicker
    const turn = ++latest;
    const [work, { jobs, gone }] = await Promise.all([kept(), goneOn()]);
    if (turn !== latest) return load;
    $("example").value = work ? work.example : first;
    if (!work) await show(examples.find((one) => one.name === first) ?? examples[0]);
    else await load(work.file, work, turn);
    if (!work || turn !== latest || !status.problem.hidden) return load;
    begun(jobs);
    if (jobs.length) resume(jobs, work);
    else if (gone) status.fail(gone);
    else if (others.length) sayAll(work.file);
  } catch (error) {
    status.fail(error);
  }
  return load;
}

/** What a job made of the first of its pictures. */
function ofFirst(job) {
  const [stem] = job.fields.pictures[0].replace(/^pictures\//, "").split(/\.\w+$/);
  return job.files.filter(({ name }) => name.startsWith(`${stem}.`));
}

/** A link that saves a file. */
export const saving = (url, text, name = "") => make("a", { class: "button", href: url, download: name }, text);

const BEGUN = `begun ${location.pathname}`; // where a tab keeps the jobs of this page over a reload

/** Note the jobs of the page's picture: a reload goes on with them, and shows again what came of them. */
export const begun = (jobs) => (sessionStorage[BEGUN] = jobs.map(({ id }) => id));

/** The jobs that were noted before a reload, as far as they are there; a Problem if the studio was
 * started again since, so that they are `gone`. */
async function goneOn() {
  const ids = (sessionStorage[BEGUN] || "").split(",").filter(Boolean);
  const found = await Promise.all(ids.map((id) => json(`${API}/jobs/${id}`).catch((error) => error)));
  return { jobs: found.filter(({ id }) => id), gone: found.find(({ isGone }) => isGone) };
}

/** Let a page go on with jobs after a reload: `act` gets them, and what was kept of its picture. What was
 * there before takes no focus. */
export function whenBack(act) {
  resume = async (jobs, work) => {
    isBack = jobs.every(({ state }) => state === "done");
    await act(jobs, work, isBack);
    isBack = false;
  };
}

/**
 * Let the button send a job of the page's picture, and of those that were given with it. `page` has
 * that `file`, the other `fields`, how to `show` what came of it, which is done unless another picture
 * was taken meanwhile; and, if it wants, what is `said` at the end.
 */
export function offerRun(verb, status, page) {
  $("run").disabled = true;
  const run = async (picture, sent) => {
    $("run").disabled = true;
    try {
      status.begin([]);
      const [job] = await Promise.all([sent(), storing]); // a job without its picture is not gone on with
      if (picture === page.file()) begun([job]);
      const done = await status.follow(job);
      const [count, files] = [done.fields.pictures.length, done.files];
      const made = count > 1 ? [saving(`${done.url}/files.zip`, `All ${files.length} files as ZIP`)] : [];
      const skipped = done.skipped.map(({ file, why }) => `${file} was skipped: ${sentence(why)}`);
      if (page.said) status.say([page.said(done), ...skipped].join(" "), ...made);
      done.files = ofFirst(done);
      if (picture === page.file() && done.files.length) await page.show(done);
      if (!page.said) status.say([status.said.textContent, ...skipped].join(" "), ...made);
    } catch (error) {
      if (picture === page.file() && error.isCut === false) begun([]); // else a reload looks again
      status.fail(error);
    } finally {
      $("run").disabled = !page.file();
    }
  };
  $("run").addEventListener("click", () => {
    const [picture, ...more] = [page.file(), ...others];
    const pictures = [picture, ...more].map((file) => ["pictures", file, file.name]);
    run(picture, () => submit(typeof verb === "string" ? verb : verb(), [...pictures, ...page.fields()]));
  });
  whenBack(([job]) => run(page.file(), async () => job));
}

/** Offer the models for a task; each is known by its name, and told of by what it is for. */
export async function offerModels(task) {
  const models = (await json(`${API}/models`)).filter((model) => model.task === task);
  $("model").append(...models.map((model) => new Option(model.about, model.name)));
  return models;
}

/** Show a part of the page that has just come to be, and let a screen reader begin there; `seen` comes
 * into sight: the part, or in a panel below the picture that was made, the picture. */
export function reveal(part, title, seen = null) {
  part.hidden = false;
  if (isBack) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  title.focus({ preventScroll: true });
  const stage = part.closest(".panel")?.previousElementSibling;
  const isBelow = stage && part.offsetLeft < stage.offsetLeft + stage.offsetWidth;
  seen ??= isBelow ? stage : part;
  seen.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
}

/** An element with attributes and content. */
export function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

/** Let the browser save what this page has made. */
export function offer(blob, name) {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** The picture among files of which the others have its name and more. */
export const shortest = (files) => [...files].sort((one, other) => one.name.length - other.name.length)[0];

export const size = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
