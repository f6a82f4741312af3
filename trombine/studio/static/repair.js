import { API, Problem, ask, ended, json, submit } from "./api.js";
import "./compare.js";
import "./easel.js";
import { keep, kept } from "./keep.js";
import { grown, packed } from "./raster.js";
import { $, imageOf, make, offerModels, reveal, takePictures } from "./source.js";
import "./status.js";

const KEEPING = 400; // milliseconds of rest after which the work is kept
const GROWTH = 0.006; // of the longer side: how far the mask grows at a time
const RIM = 0.02; // of a face's size: a part's hole covers its rim too
const easel = $("easel");
const status = $("status");
const parts = { of: null, labels: null, names: [] }; // of which picture, a label a pixel
let file = null;
let load;
let isRunning = false;
let models = [];
let keeping = 0;

function take(taken, image) {
  file = taken;
  easel.load(image);
  parts.of = parts.labels = null;
  $("parts").hidden = true;
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
}

// Tools

const tools = [...document.querySelectorAll("[name=tool]")];

function choose(tool) {
  easel.tool = tool;
  tools.find((one) => one.value === tool).checked = true;
  $("sizing").hidden = tool === "parts";
  $("parts").hidden = tool !== "parts" || !parts.labels;
  if (tool === "parts") findParts().catch((error) => status.fail(error));
  easel.draw();
}

function resize(pixels) {
  $("size").value = pixels;
  $("size-shown").textContent = $("size").value;
  easel.radius = $("size").value / 2;
  easel.draw();
}

/** Read where the parts of faces are, once for each picture. */
async function findParts() {
  if (!file || parts.of === file) return;
  const asked = (parts.of = file);
  try {
    status.begin([]);
    status.step.textContent = "Looking for faces";
    parts.names = await json(`${API}/parts`);
    const job = await submit("read", [["pictures", file, file.name], ["write_parts", "true"]]);
    status.begin([job.id]);
    const done = await ended(job.id, (event) => status.hear(event));
    const map = done.files.find((one) => one.name.endsWith(".parts.png"));
    const bytes = await (await ask(map.url.replace("/files/", "/labels/"))).arrayBuffer();
    if (parts.of !== asked) return;
    parts.labels = new Uint8Array(bytes, 8);
    showParts();
  } catch (error) {
    parts.of = null; // so that it can be tried again
    throw error;
  }
}

function showParts() {
  const there = new Set(parts.labels);
  const groups = [...new Set(parts.names.filter((part, label) => label && there.has(label)).map((part) => part.group))];
  const buttons = groups.map((group) => {
    const button = make("button", { type: "button" }, group);
    button.addEventListener("click", () => {
      cover((label) => label > 0 && parts.names[label].group === group);
    });
    return button;
  });
  $("parts").replaceChildren(...buttons);
  $("parts").hidden = easel.tool !== "parts";
  status.say(groups.length ? "Click on a part of a face, or choose one here." : "No face was found: use the brush.");
}

/** Put what has these labels into the mask, with its rim. */
function cover(wanted) {
  const { width, height } = easel.raster;
  const marks = parts.labels.map((label) => (wanted(label) ? 1 : 0));
  let [top, bottom] = [height, 0];
  parts.labels.forEach((label, at) => {
    if (!label) return;
    const y = Math.floor(at / width);
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  const rim = Math.max(1, Math.round(RIM * Math.max(0, bottom - top)));
  easel.stroke((raster) => raster.fill(grown(marks, width, height, rim), 1));
}

easel.addEventListener("pick", ({ detail: { px, py } }) => {
  const { width, height } = easel.raster;
  const [x, y] = [Math.floor(px), Math.floor(py)];
  if (!parts.labels || x < 0 || y < 0 || x >= width || y >= height) return;
  const label = parts.labels[y * width + x];
  if (label) cover((one) => one === label);
  else status.say("There is no part of a face. Click on a face, or use the brush.");
});

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
easel.addEventListener("change", () => {
  update();
  clearTimeout(keeping);
  keeping = setTimeout(() => keep(file, easel.raster.data), KEEPING);
});

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
  p: () => choose("parts"),
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

function offer(blob, name) {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

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
      ["scratches", "true"],
      ["write_mask", "true"],
    ]);
    status.begin([job.id]);
    const done = await ended(job.id, (event) => status.hear(event));
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
  isRunning = true;
  update();
  try {
    easel.lift();
    const mask = await packed(easel.raster);
    const picture = file;
    const jobs = [];
    const tries = $("answering").hidden ? 1 : Number($("tries").value);
    for (let seed = 0; seed < tries; seed++) {
      jobs.push(
        await submit("inpaint", [
          ["pictures", picture, picture.name],
          ["mask", mask, "mask.png"],
          ["mask_is", "white"],
          ["seed", String(seed)],
          ["model", $("model").value],
        ]),
      );
    }
    status.begin(jobs.map((job) => job.id));
    const done = await Promise.all(jobs.map((job) => ended(job.id, (event) => status.hear(event))));
    if (picture === file) show(done);
    status.say("Done.");
  } catch (error) {
    status.fail(error);
  } finally {
    isRunning = false;
    update();
  }
});

function show(jobs) {
  const buttons = jobs.map((job, number) => {
    const image = make("img", { src: job.files[0].url, alt: "" });
    const button = make("button", { type: "button", "aria-pressed": "false" }, image, `Answer ${number + 1}`);
    button.addEventListener("click", () => prefer(job, button));
    return button;
  });
  $("answers").replaceChildren(...buttons);
  $("answers").hidden = jobs.length === 1;
  prefer(jobs[0], buttons[0]);
  reveal($("result"), $("result-title"));
}

function prefer(job, button) {
  for (const one of $("answers").children) one.setAttribute("aria-pressed", String(one === button));
  const [result] = job.files;
  $("compare").show(job.inputs.find((one) => one.name.startsWith("pictures/")).url, "The picture as it was");
  $("compare").against(result.url, "The repaired picture", ["Before", "After"]);
  $("changed").textContent = job.changed_outside;
  $("download").href = result.url;
  $("download").download = result.name.replace(/(\.\w+)$/, ".repaired$1");
  $("download-mask").href = job.inputs.find((one) => one.name.startsWith("mask/")).url;
  $("go-on").onclick = async () => {
    try {
      const blob = await (await ask(result.url)).blob();
      await load(new File([blob], result.name, { type: blob.type }));
      easel.scrollIntoView({ block: "nearest" });
      easel.canvas.focus({ preventScroll: true });
    } catch (error) {
      status.fail(error);
    }
  };
}

update();
models = await offerModels("repair");
chooseModel();
load = await takePictures(
  (taken, image, example) => {
    take(taken, image);
    if (example?.marks) easel.stroke((raster) => raster.replace(example.marks));
    else if (example?.strokes.length) {
      easel.stroke((raster) => {
        for (const { radius, points } of example.strokes) {
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
  },
  status,
  "scratched.png",
  await kept(),
);
