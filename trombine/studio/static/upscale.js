import { json, noticed } from "./api.js";
import "./compare.js";
import { $, make, offerModels, offerRun, reveal, size, takePictures } from "./source.js";
import "./status.js";
import "./undo.js";

const MOST = 8; // times
// Measured with the nets for damaged photographs, which are the slowest that are chosen by themselves.
const RATES = [
  { most: 1, secondsAMegapixel: 20 },
  { most: 2, secondsAMegapixel: 10 },
  { most: MOST, secondsAMegapixel: 110 },
];
const status = $("status");
let file = null;
let width = 0;
let height = 0;

for (let times = 2; times <= MOST; times++) $("scale").append(new Option(`${times} times`, times));
$("scale").append(new Option("as large as it is, only cleaned", 1));
offerRun("upscale", status, {
  file: () => file,
  fields: () => [
    ...["scale", "model"].map((name) => [name, $(name).value]),
    ...($("sharper").hidden ? [] : [["sharpness", $("sharpness").value]]),
    ...["tta", "grain", "report"].map((name) => [name, String($(name).checked)]),
  ],
  show,
  said: (done) => ["Done.", ...done.notices.map(noticed)].join(" "),
});

/** Only the usual net for photographs has a sharp one beside it. */
function offerSharpness() {
  const { value } = $("model");
  $("sharper").hidden = !["auto", "upscale"].includes(value) || $("scale").value === "1";
}

for (const name of ["model", "scale"]) $(name).addEventListener("change", offerSharpness);
/** Say how large it becomes, and where that is long how long it takes. */
function foretell() {
  const times = Number($("scale").value);
  // What is to look sharp is made by the nets for more, and shrunk.
  const sharp = times > 1 && !$("sharper").hidden && Number($("sharpness").value) > 0;
  const { secondsAMegapixel: rate } = RATES.find(({ most }) => (sharp ? MOST : times) <= most);
  const minutes = (width * height * 1e-6 * rate * ($("tta").checked ? 8 : 1)) / 60;
  const long = $("model").value === "auto" && minutes > 0.5 ? `, in about ${Math.ceil(minutes)} min on two cores` : "";
  $("foretold").textContent = `Becomes ${times * width} × ${times * height} pixels${long}.`;
}

for (const name of ["model", "scale", "tta"]) $(name).addEventListener("change", foretell);
$("sharpness").addEventListener("input", () => {
  $("sharpness-shown").textContent = `${Math.round(100 * $("sharpness").value)} %`;
  $("sharpness").setAttribute("aria-valuetext", $("sharpness-shown").textContent);
  foretell();
});

async function show(job) {
  const result = job.files.find((one) => !/\.report\.\w+$/.test(one.name));
  await showReport(job.files.filter((one) => one !== result));
  $("compare").against(result.url, "The enlarged picture", ["Before", "After"]);
  const { after } = $("compare");
  await after.decode().catch(() => {});
  const { naturalWidth, naturalHeight } = after;
  $("facts").textContent = `${naturalWidth} × ${naturalHeight}, ${size(result.bytes)}; it was ${width} wide.`;
  $("download").hidden = false;
  $("download").href = result.url;
  $("download").download = result.name.replace(/(\.\w+)$/, `.x${job.fields.scale}$1`);
  reveal($("result"), $("result-title"));
}

async function showReport(files) {
  $("reported").hidden = !files.length;
  if (!files.length) return;
  const [numbers, maps] = [".json", ".png"].map((ending) => files.find((one) => one.name.endsWith(ending)));
  const { brought_down: down, faces } = await json(numbers.url);
  const rows = [
    ["Made small again, how far it is from your picture", `${down.mean} of 255`],
    ["The same where it is farthest", `${down.worst_percent} of 255`],
    ...faces.map(({ identity }, at) => [`Face ${at + 1} is the same person (0) or a stranger (1)`, identity.toFixed(2)]),
  ];
  $("figures").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  $("maps").src = maps.url;
  const links = [[maps, "Maps"], [numbers, "Numbers as JSON"]];
  $("report-files").replaceChildren(
    ...links.map(([one, name]) => make("a", { class: "button", href: one.url, download: "" }, name)),
  );
}

await offerModels("upscale");
await takePictures(
  (taken, image) => {
    file = taken;
    [width, height] = [image.naturalWidth, image.naturalHeight];
    foretell();
    $("compare").show(image.src, file.name);
    $("result").hidden = $("reported").hidden = $("download").hidden = true;
    $("run").disabled = false;
  },
  status,
  "cat.png",
);
