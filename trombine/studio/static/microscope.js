import { ask, ended, remove, submit } from "./api.js";
import "./scope.js";
import { $ } from "./source.js";
import "./status.js";

const status = $("status");
let last = 0; // the net that was asked for last is shown, whichever comes first

/** The page that the command writes, of which nothing is left at the studio. */
async function written(name, hear) {
  const { id } = await submit("microscope", [["model", name]]);
  status.begin([id]);
  const { files } = await ended(id, hear);
  const text = await (await ask(files[0].url)).text();
  remove(id).catch(() => {}); // it is deleted after some days anyway
  return text;
}

/** Take a net out of its page, and show it here. */
async function look() {
  const turn = ++last;
  const name = $("net-name").value;
  $("download").hidden = true;
  try {
    const text = await written(name, (event) => turn === last && status.hear(event));
    if (turn !== last) return;
    const [, net] = text.match(/ id="net">([^<]*)</);
    const engine = new Worker(new URL("./engine.js", import.meta.url));
    $("scope").show(JSON.parse(net), engine);
    URL.revokeObjectURL($("download").href);
    $("download").href = URL.createObjectURL(new Blob([text], { type: "text/html" }));
    $("download").download = `${name}.html`;
    $("download").hidden = false;
    status.clear();
  } catch (error) {
    if (turn === last) status.fail(error);
  }
}

$("net-name").addEventListener("change", look);
look();
