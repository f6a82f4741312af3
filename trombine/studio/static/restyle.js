import { Problem, ask, noticed } from "./api.js";
import "./compare.js";
import "./films.js";
import { $, offerRun, reveal, size, takePictures } from "./source.js";
import "./status.js";

// What the command says of its options, in the words of this page.
const WORDS = [
  [/shows no face/, "No face is seen in it. Tick “Draw all of it”, or take another picture."],
  [/does not show in which style/, "It cannot be told how this is drawn. Say so at “It is now”."],
  [/(looks|what is) (\w+)/i, "It is that style already. Choose another one, or say at “It is now” what it is."],
];
const status = $("status");
const isFilm = ({ type }) => type === "image/gif" || type.startsWith("video/");
let file = null;

offerRun("restyle", status, {
  file: () => file,
  fields: () => [
    ["to", document.querySelector("[name=to]:checked").value],
    ...["from", "strength"].map((name) => [name, $(name).value]),
    ["whole", String($("whole").checked)],
    ["keep_colours", String($("keep-colours").checked)],
  ],
  show,
  said: (done) => ["Done. Download it below.", ...done.notices.map(noticed)].join(" "),
  worded(error) {
    const words = error instanceof Problem && WORDS.find(([said]) => said.test(error.message));
    return words ? new Problem(words[1]) : error;
  },
});

async function show(job) {
  const [result] = job.files;
  if (isFilm(file)) $("films").show(file, await (await ask(result.url)).blob());
  else $("compare").against(result.url, "The picture as it was drawn", ["Before", "After"]);
  $("facts").textContent = `${result.name}, ${size(result.bytes)}. What a net draws is a guess: say so where you show it.`;
  $("download").href = result.url;
  $("download").download = result.name.replace(/(\.\w+)$/, `.${job.fields.to}$1`);
  reveal($("result"), $("result-title"));
}

$("strength").addEventListener("input", () => {
  $("strength-shown").textContent = `${Math.round(100 * $("strength").value)} %`;
  $("strength").setAttribute("aria-valuetext", $("strength-shown").textContent);
});

await takePictures(
  (taken, image) => {
    file = taken;
    $("films").hidden = !isFilm(file);
    $("compare").hidden = isFilm(file);
    if (isFilm(file)) $("films").show(file);
    else $("compare").show(image.src, file.name);
    $("result").hidden = true;
    $("run").disabled = false;
  },
  status,
  "portrait.png",
);
