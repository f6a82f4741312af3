import { Problem, ask, ended, noticed, submit } from "./api.js";
import "./compare.js";
import "./easel.js";
import * as face from "./face.js";
import { keep } from "./keep.js";
import { grown, packed } from "./raster.js";
import { $, begun, imageOf, make, offer, offerModels, reveal, saving, shortest, takePictures, whenBack } from "./source.js";
import "./status.js";

const KEEPING = 400; // milliseconds of rest after which the work is kept
const GROWTH = 0.006; // of the longer side: how far the mask grows at a time
const TIMES = 4; // as large as it was, once a repair is enlarged
const AROUND = 0.25; // of the hole's size: what a try shows around it
const easel = $("easel");
const status = $("status");
const statusOfMore = $("status-of-more"); // of what is made of a try: beside its buttons
const tries = []; // of this picture: a button for each, with its `job`
let preferred = null; // the job of the try that is shown
let file = null;
let example = ""; // the name of the example that it is
let load;
let isRunning = false;
let models = [];
let keeping = 0;

function take(taken, image) {
  file = taken;
  easel.load(image);
  face.forget();
  tries.length = 0;
  $("result").hidden = true;
  $("about").textContent = `${file.name}, ${image.naturalWidth} × ${image.naturalHeight}`;
}

function update() {
  const { raster } = easel;
  $("undo").disabled = !raster?.done.length;
  $("redo").disabled = !raster?.undone.length;
  $("clear").disabled = $("save-mask").disabled = $("grow").disabled = !raster?.count;
  $("invert").disabled = !raster;
  $("find-scratches").disabled = !raster || isRunning;
  $("run").disabled = !raster || isRunning;
  $("swap").hidden = !easel.result;
  $("swap").setAttribute("aria-pressed", String(easel.isAfter));
  face.update();
}

// Tools

const tools = [...document.querySelectorAll("[name=tool]")];

function choose(tool) {
  easel.tool = tool;
  tools.find((one) => one.value === tool).checked = true;
  $("sizing").hidden = !["brush", "eraser", "paint"].includes(tool);
  face.showFor(tool, file);
}

function resize(pixels) {
  $("size").value = pixels;
  $("size-shown").textContent = $("size").value;
  easel.radius = $("size").value / 2;
  easel.draw();
}

face.whenShown(() => face.showFor(easel.tool, file));
for (const tool of tools) tool.addEventListener("change", () => choose(tool.value));
$("size").addEventListener("input", () => resize($("size").value));
$("undo").addEventListener("click", () => easel.undo());
$("redo").addEventListener("click", () => easel.redo());
$("clear").addEventListener("click", () => easel.stroke((raster) => raster.replace(new Uint8Array(raster.data.length))));
$("invert").addEventListener("click", () => easel.stroke((raster) => raster.invert()));
$("in").addEventListener("click", () => easel.zoom(1.5));
$("out").addEventListener("click", () => easel.zoom(1 / 1.5));
$("fit").addEventListener("click", () => easel.fit());
$("grow").addEventListener("click", grow);
$("swap").addEventListener("click", () => easel.swap(easel.result, !easel.isAfter));
easel.addEventListener("change", () => {
  update();
  clearTimeout(keeping);
  keeping = setTimeout(keepWork, KEEPING);
});

function keepWork() {
  const { raster, result, isAfter } = easel;
  const shown = result ? { shown: preferred.id, isBefore: !isAfter } : {}; // of the tries
  return keep({ file, example, marks: raster.data, points: raster.marks, ...shown });
}

function grow() {
  const { width, height, data } = easel.raster;
  const radius = Math.max(1, Math.round(GROWTH * Math.max(width, height)));
  easel.stroke((raster) => raster.replace(grown(data, width, height, radius)));
}

/** Several answers are offered only of a net that gives more than one. */
function chooseModel() {
  $("answering").hidden = !models[$("model").selectedIndex]?.varies;
}
$("model").addEventListener("change", chooseModel);

const acts = {
  "[": () => resize(Math.max(1, Math.round($("size").value * 0.85 - 0.5))),
  "]": () => resize(Math.min(200, Math.round($("size").value * 1.15 + 0.5))),
  b: () => choose("brush"),
  e: () => choose("eraser"),
  r: () => choose("rectangle"),
  a: () => choose("lasso"),
  p: () => choose("parts"),
  v: () => $("swap").click(),
  f: () => choose("paint"),
  l: () => choose("points"),
  ",": () => face.step(-1),
  ".": () => face.step(1),
  i: () => $("invert").click(),
  g: () => $("grow").click(),
  "+": () => easel.zoom(1.5),
  "=": () => easel.zoom(1.5),
  "-": () => easel.zoom(1 / 1.5),
  0: () => easel.fit(),
};

addEventListener("keydown", (event) => {
  const { target, key } = event;
  const types = target.matches?.("input:not([type=range]):not([type=radio]), select, textarea");
  if (types || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    const undoes = key.toLowerCase() === "z" && !event.shiftKey;
    const redoes = (key.toLowerCase() === "z" && event.shiftKey) || key.toLowerCase() === "y";
    if (undoes) easel.undo();
    else if (redoes) easel.redo();
    else return;
  } else if (key === " " && (target === easel.canvas || target === document.body)) {
    easel.isSpace = true;
    easel.draw();
  } else if (acts[key]) acts[key]();
  else return;
  event.preventDefault();
});
addEventListener("keyup", (event) => {
  if (event.key !== " ") return;
  easel.isSpace = false;
  easel.draw();
});

// Masks up and down

$("save-mask").addEventListener("click", () => {
  const { width, height, data } = easel.raster;
  const canvas = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  new Uint32Array(pixels.data.buffer).forEach((_, at, all) => (all[at] = data[at] ? 0xffffffff : 0xff000000));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.convertToBlob().then((blob) => offer(blob, "mask.png"));
});

/** What is white in a picture of a mask, a byte a pixel. */
function marksOf(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  return new Uint8Array(width * height).map((_, at) => {
    const [red, green, blue] = pixels.subarray(4 * at, 4 * at + 3);
    return red + green + blue >= 384 ? 1 : 0;
  });
}

$("find-scratches").addEventListener("click", async () => {
  const asked = file;
  isRunning = true;
  update();
  try {
    const job = await submit("inpaint", [
      ["pictures", asked, asked.name],
      ["mask", "scratches"],
      ["write_mask", "true"],
    ]);
    const done = await status.follow(job);
    const found = done.files.find((one) => one.name.endsWith(".mask.png"));
    const image = await imageOf(await (await ask(found.url)).blob());
    if (file !== asked) return;
    const marks = marksOf(image);
    easel.stroke((raster) => raster.fill(marks, 1));
    status.say(marks.includes(1) ? "Look at what was found, then press Repair." : "No scratch was found: use the brush.");
  } catch (error) {
    status.fail(error);
  } finally {
    isRunning = false;
    update();
  }
});

$("load-mask").addEventListener("change", async () => {
  const [chosen] = $("load-mask").files;
  $("load-mask").value = "";
  if (!chosen || !easel.raster) return;
  try {
    status.clear();
    const image = await imageOf(chosen);
    const { width, height } = easel.raster;
    if (image.naturalWidth !== width || image.naturalHeight !== height) {
      const is = `${image.naturalWidth} × ${image.naturalHeight}`;
      throw new Problem(`The mask is ${is}, and the picture ${width} × ${height}. Load a mask of the picture's size.`);
    }
    easel.stroke((raster) => raster.replace(marksOf(image)));
  } catch (error) {
    status.fail(error);
  }
});

// Run

$("run").addEventListener("click", async () => {
  if (!easel.raster.count) {
    status.fail(new Problem("Nothing is painted yet. Paint over what is to be replaced, then press Repair."));
    easel.canvas.focus();
    return;
  }
  easel.lift();
  await finish(async () => {
    const mask = await packed(easel.raster, easel.raster.data);
    const picture = file;
    const steered = await face.fields();
    const jobs = [];
    const count = $("answering").hidden ? 1 : Number($("tries").value);
    for (let seed = 0; seed < count; seed++) {
      jobs.push(
        await submit("inpaint", [
          ["pictures", picture, picture.name],
          ["mask", mask, "mask.png"],
          ["seed", String(seed)],
          ["model", $("model").value],
          ["write_parts", "true"],
          ["write_points", "true"],
          ...steered,
        ]),
      );
    }
    return jobs;
  });
});

/** Show what comes of jobs of this picture; `shown` is the one whose try is, else the first. */
async function finish(sent, shown) {
  isRunning = true;
  update();
  const picture = file;
  const note = (jobs) => picture === file && begun([...tries.map(({ job }) => job), ...jobs]);
  try {
    status.begin([]);
    const { raster } = easel;
    const box = raster.count ? raster.bounds() : raster.whole();
    const [jobs] = await Promise.all([sent(), keepWork()]); // jobs without their mask are not gone on with
    note(jobs);
    const done = await followed(jobs);
    status.say(["Done.", ...new Set(done.flatMap((job) => job.notices.map(noticed)))].join(" "));
    if (picture === file) await show(done, box, shown);
  } catch (error) {
    if (error.isCut === false) note([]); // else a reload looks again
    status.fail(error);
  } finally {
    isRunning = false;
    update();
  }
}

whenBack(async (jobs, { shown, isBefore }, isDone) => {
  await finish(async () => jobs, shown);
  if (isDone && isBefore && easel.result) easel.swap(easel.result, false);
});

/** Jobs once they have ended, shown as one meanwhile. */
function followed(jobs, where = status) {
  where.begin(jobs.map((job) => job.id));
  return Promise.all(jobs.map((job) => ended(job.id, (event) => where.hear(event))));
}

/** Add tries to those of this picture, each as what lies round its hole. */
async function show(jobs, box, shown) {
  const { id } = jobs.find((job) => job.id === shown) ?? jobs[0];
  for (const job of jobs) {
    const canvas = make("canvas");
    const button = make("button", { type: "button", "aria-pressed": "false" }, canvas, `Try ${tries.length + 1}`);
    const image = await imageOf(await fileOf(shortest(job.files)));
    button.addEventListener("click", () => prefer(job, button, image));
    button.job = job;
    tries.push(button);
    crop(image, box, canvas);
    if (job.id === id) prefer(job, button, image);
  }
  $("answers").replaceChildren(...tries);
  $("answers").hidden = tries.length === 1;
  // Its height is that of its pictures, and the edge between them is placed where they are seen.
  $("result").hidden = false;
  await Promise.all([$("compare").before, $("compare").after].map((image) => image.decode().catch(() => {})));
  $("compare").place();
  reveal($("result"), $("result-title"), easel);
}

function crop(image, { left, top, right, bottom }, canvas) {
  const side = Math.max(right - left, bottom - top) * (1 + 2 * AROUND);
  const [wide, high] = [Math.min(side, image.naturalWidth), Math.min(side, image.naturalHeight)];
  const x = Math.min(Math.max(0, (left + right - wide) / 2), image.naturalWidth - wide);
  const y = Math.min(Math.max(0, (top + bottom - high) / 2), image.naturalHeight - high);
  [canvas.width, canvas.height] = [320, Math.round((320 * high) / wide)];
  canvas.getContext("2d").drawImage(image, x, y, wide, high, 0, 0, canvas.width, canvas.height);
}

async function fileOf({ url, name }) {
  const blob = await (await ask(url)).blob();
  return new File([blob], name.replace(/.*\//, ""), { type: blob.type });
}

function prefer(job, button, image) {
  preferred = job;
  easel.swap(image, true);
  for (const one of tries) one.setAttribute("aria-pressed", String(one === button));
  const result = shortest(job.files);
  const given = (field) => job.inputs.find((one) => one.name.startsWith(`${field}/`));
  const made = (ending) => job.files.find((one) => one !== result && one.name.endsWith(ending));
  const repaired = result.name.replace(/(\.\w+)$/, ".repaired$1");
  $("compare").show(given("pictures").url, "The picture as it was");
  $("compare").against(result.url, "The repaired picture", ["Before", "After"]);
  for (const id of ["download", "download-plain"]) [$(id).href, $(id).download] = [result.url, repaired];
  status.links.replaceChildren(saving(result.url, "Download", repaired));
  $("download").textContent = "Download";
  $("download-plain").hidden = true;
  for (const [id, one] of [
    ["mask", given("mask")],
    ["parts", made(".parts.png")],
    ["points", made(".points.json")],
    ["given-parts", given("parts")],
    ["given-points", given("points")],
  ]) {
    $(`download-${id}`).hidden = !one;
    if (one) $(`download-${id}`).href = one.url;
  }
  // Each try has acts of its own; one that fails says so.
  const act = (id, does) => {
    $(id).onclick = () => does().catch((error) => statusOfMore.fail(error));
  };
  if (!$("enlarge").disabled) statusOfMore.clear(); // it was of another try
  act("go-on", async () => {
    await load(await fileOf(result));
    toPicture();
  });
  act("edit", async () => {
    await face.takeFrom(job);
    choose("paint");
    toPicture();
    status.say("This is what it was painted by. Change it inside the mask, then press Repair.");
  });
  act("enlarge", () => enlarge(result, given("mask"), repaired));
  act("cut-out", () => cutOut(result, repaired));
}

function toPicture() {
  easel.scrollIntoView({ block: "nearest" });
  easel.canvas.focus({ preventScroll: true });
}

/** Enlarge a try; where its hole was, the net for damaged pictures works. */
async function enlarge(result, mask, name) {
  const fields = [["scale", String(TIMES)], ["hole", await fileOf(mask), "mask.png"]];
  await goOn("upscale", fields, result, name, (job) => ({ ...shortest(job.files), said: "Enlarged", as: `.x${TIMES}$1` }));
}

/** Make transparent what is no part of a face in a try. */
const cutOut = (result, name) =>
  goOn("read", [["write_cutout", "true"]], result, name, (job) => {
    const made = job.files.find((one) => one.name.endsWith(".cutout.png"));
    if (!made) throw new Problem("No face was found, so all of it is background. Nothing was removed.");
    return { ...made, said: "Without its background", as: ".cutout.png" };
  });

/** Ask for more of a try, which becomes what is shown and downloaded; `made` says which file it is, how
 * it is called, and its name's end. */
async function goOn(verb, fields, result, name, made) {
  const of = preferred;
  for (const id of ["enlarge", "cut-out"]) $(id).disabled = true;
  try {
    const jobs = [await submit(verb, [["pictures", await fileOf(result), name], ...fields])];
    const [done] = await followed(jobs, statusOfMore);
    const { url, said, as } = made(done);
    statusOfMore.say(`${said}.`);
    if (of !== preferred) return; // another try is shown
    $("compare").against(url, `The repaired picture: ${said.toLowerCase()}`, ["Before", said]);
    const link = $("download");
    [link.href, link.download, link.textContent] = [url, name.replace(/(\.\w+)$/, as), `Download: ${said.toLowerCase()}`];
    $("download-plain").hidden = false;
  } finally {
    for (const id of ["enlarge", "cut-out"]) $(id).disabled = false;
  }
}

update();
models = await offerModels("repair");
chooseModel();
load = await takePictures(
  (taken, image, from) => {
    take(taken, image);
    example = from?.example ?? from?.name ?? "";
    if (from?.marks) {
      easel.stroke((raster) => raster.replace(from.marks));
      if (from.points) easel.raster.marks = from.points;
    } else if (from?.strokes?.length) {
      easel.stroke((raster) => {
        for (const { radius, points } of from.strokes) {
          points.forEach(([x, y], at) => {
            const [x0, y0] = points[Math.max(0, at - 1)];
            raster.capsule(x0, y0, x, y, radius, 1);
          });
        }
        return raster.whole();
      });
      status.say("An example: press Repair.");
    }
    choose(easel.tool);
    resize($("size").value);
    return { marks: easel.raster.data, points: easel.raster.marks };
  },
  status,
  "scratched.png",
);
