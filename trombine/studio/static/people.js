import { API, Problem, ask, json, submit } from "./api.js";
import { $, make, reveal } from "./source.js";
import "./status.js";

const status = $("status");
const OFTEN = 3000; // milliseconds between two looks
const MOST = 190; // files of a test that are sent: no more are asked for
const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|heic)$/i;
const chosen = { real: new Map(), generated: new Map() }; // files by the names of their folders
let open = null; // the test whose results are shown
let shown = ""; // what is shown, so that only what changed is drawn again
let timer = null;

const post = async (path, body) =>
  (await ask(`${API}/people${path}`, { method: "POST", body: JSON.stringify(body) })).json();

// A new test

function choose(side) {
  const files = [...$(side).files].filter((file) => PICTURE.test(file.name));
  $(side).value = "";
  if (side === "real") chosen.real.clear();
  if (files.length) {
    const name = files[0].webkitRelativePath.split("/")[0] || `folder ${chosen[side].size + 1}`;
    chosen[side].set(name, files);
    status.clear();
  } else {
    status.fail(new Problem("There is no picture in that folder. Choose one that holds some."));
  }
  tell();
}

function tell() {
  for (const side of ["real", "generated"]) {
    const texts = [...chosen[side]].map(([name, files]) => `${name} (${files.length})`);
    if (texts.length) $(`${side}-said`).textContent = texts.join(", ");
  }
  $("forget").hidden = !chosen.real.size && !chosen.generated.size;
  $("run").disabled = !chosen.real.size || !chosen.generated.size;
}

/** So many of a folder, from its beginning to its end. */
const some = (files, count) =>
  files.length <= count ? files : [...Array(count).keys()].map((at) => files[Math.floor((at * files.length) / count)]);

async function create() {
  const fields = ["pictures", "size", "seconds"].map((name) => [name, $(name).value]).filter(([, value]) => value);
  const folders = ["real", "generated"].flatMap((side) => [...chosen[side]].map(([name, files]) => [side, name, files]));
  for (const [side, name, files] of folders) {
    for (const file of some(files, Math.floor(MOST / folders.length))) fields.push([side, file, `${name}/${file.name}`]);
  }
  const job = await submit("judge_people_make", fields);
  await status.follow(job);
  const title = $("title").value.trim() || folders.map(([, name]) => name).join(" or ").slice(0, 100);
  const test = await post("", { job: job.id, title, subjects: Number($("subjects").value) });
  status.say("The test is ready: give each subject a link.");
  open = test.id;
  await look();
  reveal($("result"), $("result-title"));
}

for (const side of ["real", "generated"]) $(side).addEventListener("change", () => choose(side));
$("forget").addEventListener("click", () => {
  for (const side of ["real", "generated"]) {
    chosen[side].clear();
    $(`${side}-said`).textContent = "no folder yet";
  }
  tell();
});
$("make").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("run").disabled = true;
  try {
    await create();
  } catch (error) {
    status.fail(error);
  } finally {
    tell();
  }
});

// The tests that are there

async function look() {
  clearTimeout(timer);
  try {
    if (!document.hidden) {
      const tests = await json(`${API}/people`);
      const one = tests.some(({ id }) => id === open) ? await json(`${API}/people/${open}`) : null;
      const text = JSON.stringify([tests, one]);
      if (text !== shown) draw(tests, one);
      shown = text;
    }
  } catch (error) {
    status.fail(error);
  }
  timer = setTimeout(look, OFTEN);
}

function draw(tests, one) {
  const { activeElement } = document; // what has the focus is drawn again, and keeps it
  const name = activeElement?.getAttribute("aria-label");
  $("none").hidden = tests.length > 0;
  $("list").replaceChildren(...(tests.length ? [make("ul", { class: "jobs plain" }, ...tests.map(item))] : []));
  $("result").hidden = !one;
  if (one) {
    $("result-title").textContent = one.title;
    $("lead").textContent = one.lead || "Results are here once somebody has answered all of it.";
    $("links").replaceChildren(links(one));
    if ($("sections").told !== one.sections.length + one.lead) {
      $("sections").told = one.sections.length + one.lead;
      $("sections").innerHTML = one.sections.map(([, html]) => html).join("");
    }
  }
  if (name) [...document.querySelectorAll("[aria-label]")].find((node) => node.getAttribute("aria-label") === name)?.focus();
}

function item(test) {
  const done = test.subjects.filter(({ answers }) => answers === test.pictures).length;
  const begun = test.subjects.filter(({ answers }) => answers > 0).length - done;
  const answers = test.subjects.reduce((sum, one) => sum + one.answers, 0);
  const when = new Date(1000 * test.created).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const had = `${answers || "no"} ${answers === 1 ? "answer" : "answers"}; ${done} of ${test.subjects.length} subjects have finished${begun ? `, ${begun} are at it` : ""}`;
  const text = `Made ${when}. ${test.pictures} pictures, ${had}.`;
  const row = make("div", { class: "row" });
  row.append(act("Links and results", test, () => (open = test.id)));
  row.append(act("5 more links", test, () => post(`/${test.id}/subjects`, { subjects: 5 })));
  row.append(make("a", { class: "button", href: `${API}/people/${test.id}/answers.zip`, download: "", "aria-label": `Answers of ${test.title}` }, "Answers"));
  row.append(act("Delete", test, () => erase(test)));
  return make("li", {}, make("h2", {}, test.title), make("p", { class: "soft" }, text), row);
}

async function erase(test) {
  const given = test.subjects.filter(({ answers }) => answers).length;
  if (given && !confirm(`${given} have answered. Delete the test, and all that they answered?`)) return;
  await ask(`${API}/people/${test.id}`, { method: "DELETE" });
}

function act(word, test, does) {
  const button = make("button", { type: "button", "aria-label": `${word}: ${test.title}` }, word);
  button.addEventListener("click", async () => {
    try {
      await does();
      await look();
      if (open === test.id && word.startsWith("Links")) reveal($("result"), $("result-title"));
    } catch (error) {
      status.fail(error);
    }
  });
  return button;
}

function links(test) {
  const head = make("tr", {}, ...["subject", "link", "answers"].map((name) => make("th", { scope: "col" }, name)));
  const rows = test.subjects.map(({ number, link, answers }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, String(number)),
      make("td", {}, make("a", { href: link, target: "_blank", rel: "noreferrer" }, link)),
      make("td", {}, answers ? `${answers} of ${test.pictures}` : "–"),
    ),
  );
  const table = make("table", { class: "words" }, make("caption", {}, "A link for each subject"), make("thead", {}, head), make("tbody", {}, ...rows));
  const copy = make("button", { type: "button", "aria-label": "Copy all links" }, "Copy all links");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(test.subjects.map(({ link }) => link).join("\n"));
      status.say("Copied.");
    } catch {
      status.fail(new Problem("This browser does not let pages copy. Select the links, and copy them yourself."));
    }
  });
  const parts = [make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Links" }, table), make("div", { class: "row" }, copy)];
  if (/^(127\.0\.0\.1|localhost)$/.test(new URL(test.subjects[0].link).hostname)) {
    parts.push(make("p", { class: "soft" }, "These links open on this machine alone. Opened with --lan, the studio lets others of your network in: trombine studio --lan."));
  }
  return make("div", {}, ...parts);
}

document.addEventListener("visibilitychange", look);
await look();
