// A picture from wherever people have it: chosen, photographed, dropped, pasted, or an example.

import { API, Problem, ask, json, submit } from "./api.js";
import { offerCamera } from "./camera.js";

export const $ = (id) => document.getElementById(id);

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
  return image;
}

/**
 * Let a page take pictures. `take(file, image, example)` gets each; `status` says what went wrong.
 * The first example is there from the beginning,
 * or what was kept of before.
 */
export async function takePictures(take, status, first, before = null) {
  let latest = 0; // what was asked for last is what is shown, whichever is there first
  const load = async (file, example = null, turn = ++latest) => {
    try {
      status.clear();
      const image = await imageOf(file);
      if (turn !== latest) return;
      await take(file, image, example);
      if (!example) $("example").value = "";
    } catch (error) {
      if (turn === latest) status.fail(error);
    }
  };
  const choose = () => {
    const [file] = $("file").files;
    $("file").value = ""; // the same file can be chosen again
    if (file) load(file);
  };
  $("file").addEventListener("change", choose);
  choose(); // what was chosen before this page heard of it
  offerCamera($("camera"), load, status);
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) load(file);
  });
  let inside = 0; // dragging over what is inside tells that it left what is around
  addEventListener("dragenter", () => document.body.classList.toggle("dropping", ++inside > 0));
  addEventListener("dragleave", () => document.body.classList.toggle("dropping", --inside > 0));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    inside = 0;
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer?.files ?? [];
    if (file) load(file);
    else status.fail(new Problem("That is no file. Save the picture first, then drop its file here."));
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
    $("example").value = before ? (before.example ?? "") : first;
    if (before) await load(before.file, before);
    else await show(examples.find((one) => one.name === first) ?? examples[0]);
  } catch (error) {
    status.fail(error);
  }
  return load;
}

/**
 * Let the button send a job of the page's picture. `page` has that `file`, the other `fields`, how to
 * `show` what came of it, which is done unless another picture was taken meanwhile; and, if it
 * wants, what is `said` at the end and how a Problem is `worded`.
 */
export function offerRun(verb, status, page) {
  $("run").disabled = true;
  $("run").addEventListener("click", async () => {
    $("run").disabled = true;
    const picture = page.file();
    try {
      const done = await status.follow(await submit(verb, [["pictures", picture, picture.name], ...page.fields()]));
      if (page.said) status.say(page.said(done));
      if (picture === page.file()) await page.show(done);
    } catch (error) {
      status.fail(page.worded?.(error) ?? error);
    } finally {
      $("run").disabled = !page.file();
    }
  });
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
