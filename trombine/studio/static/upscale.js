import { ended, submit } from "./api.js";
import "./compare.js";
import { $, offerModels, reveal, size, takePictures } from "./source.js";
import "./status.js";

const MOST = 8; // times
const status = $("status");
let file = null;
let width = 0;

for (let times = 2; times <= MOST; times++) $("factor").append(new Option(`${times} times`, times));
$("run").disabled = true;

$("run").addEventListener("click", async () => {
  $("run").disabled = true;
  try {
    const picture = file;
    const job = await submit("upscale", [
      ["pictures", picture, picture.name],
      ["factor", $("factor").value],
      ["model", $("model").value],
    ]);
    status.begin([job.id]);
    const done = await ended(job.id, (event) => status.hear(event));
    status.say(["Done.", ...done.notices.map((one) => one.text)].join(" "));
    if (picture === file) show(done);
  } catch (error) {
    status.fail(error);
  } finally {
    $("run").disabled = !file;
  }
});

function show(job) {
  const [result] = job.files;
  $("compare").against(result.url, "The enlarged picture", ["Before", "After"]);
  $("compare").after.addEventListener(
    "load",
    () => {
      const { naturalWidth, naturalHeight } = $("compare").after;
      $("facts").textContent = `${naturalWidth} × ${naturalHeight}, ${size(result.bytes)}; it was ${width} wide.`;
    },
    { once: true },
  );
  $("download").href = result.url;
  $("download").download = result.name.replace(/(\.\w+)$/, `.x${job.fields.factor}$1`);
  reveal($("result"), $("result-title"));
}

await offerModels("upscale");
await takePictures(
  (taken, image) => {
    file = taken;
    width = image.naturalWidth;
    $("compare").show(image.src, file.name);
    $("result").hidden = true;
    $("run").disabled = false;
  },
  status,
  "cat.png",
);
