"use strict";
// A test of people: one picture at a time, in an order of the subject's own. What is answered is
// kept in the browser after every picture, and is the file that the subject sends; a test of one
// subject, which a server has, is sent to it picture by picture.
const test = JSON.parse(document.getElementById("test").textContent);
const $ = (id) => document.getElementById(id);
const KEYS = { r: "real", arrowleft: "real", g: "generated", arrowright: "generated" };
let record; // of the present subject, as the file has it
let order;
let shown; // when the present picture was
let timer;

// The browser's memory, which may be switched off: then the page works, and cannot be resumed.

const place = (subject) => `${test.test} ${subject.toLowerCase()}`;

function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep() {
  try {
    localStorage.setItem(place(record.subject), JSON.stringify(record));
    localStorage.setItem(test.test, record.subject);
  } catch {
    // full, or switched off
  }
}

// What a server has not got yet is sent again until it has.

let isSending = false;

async function send() {
  if (isSending) return;
  isSending = true;
  for (let wait = 1, text = ""; text !== (text = JSON.stringify(record)); ) {
    const answer = await fetch(location.pathname, { method: "POST", body: text }).catch(() => null);
    if (answer?.status === 409) {
      localStorage.removeItem(place(record.subject)); // it was answered elsewhere: the server knows
      location.reload();
    } else if (answer?.ok) {
      wait = 1;
      tell("");
    } else {
      const gone = answer?.status === 404 && "This test is over; your answers cannot be sent.";
      tell(gone || "Your answers are not sent yet. Leave this page open; it tries again.");
      if (gone) break;
      await new Promise((done) => setTimeout(done, 1000 * wait));
      wait = Math.min(2 * wait, 30);
      text = "";
    }
  }
  isSending = false;
}

function tell(problem) {
  $("unsent").textContent = problem;
  $("sent").textContent = problem || "Your answers have been sent. You can close this page.";
}

// An order that follows from the test and the subject: FNV-1a, mulberry32, Fisher and Yates.

function shuffled(count, name) {
  let state = 2166136261;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 16777619);
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
  const numbers = [...Array(count).keys()];
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(draw() * (last + 1));
    [numbers[last], numbers[other]] = [numbers[other], numbers[last]];
  }
  return numbers;
}

// Three screens: begin, ask, end.

function show(screen) {
  for (const name of ["begin", "ask", "end"]) $(name).hidden = name !== screen;
  scrollTo(0, 0);
}

function begin() {
  record = undefined;
  $("begin").reset();
  $("count").textContent = test.pictures.length;
  $("limit").textContent = test.seconds ? `Each is shown for ${test.seconds} s.` : "";
  $("subject").value = test.subject ?? "";
  show("begin");
  $(test.subject ? "experience" : "subject").focus();
}

function enter(subject, experience) {
  const known = [test.record, JSON.parse(recall(place(subject)))].filter(Boolean);
  known.sort((one, other) => other.answers.length - one.answers.length);
  record = known[0] ?? {
    format: test.format,
    version: test.version,
    test: test.test,
    subject,
    experience,
    begun: new Date().toISOString(),
    finished: null,
    answers: [],
  };
  order = shuffled(test.pictures.length, place(record.subject));
  keep();
  ask();
}

function ask() {
  if (record.answers.length === test.pictures.length) return end();
  const number = record.answers.length;
  const picture = $("picture");
  $("ask").reset();
  update();
  $("who").textContent = test.subject ? `subject ${record.subject}` : record.subject;
  $("progress").textContent = `Picture ${number + 1} of ${test.pictures.length}`;
  $("gone").textContent = "";
  clearTimeout(timer);
  picture.classList.remove("gone");
  picture.alt = `Picture ${number + 1}, real or generated`;
  picture.src = `data:image/png;base64,${test.pictures[order[number]].png}`;
  shown = performance.now();
  if (test.seconds) timer = setTimeout(hide, 1000 * test.seconds);
  show("ask");
  $("progress").focus();
}

function hide() {
  $("picture").classList.add("gone");
  $("gone").textContent = "The picture is gone. Which was it?";
}

function side() {
  return document.querySelector("[name=side]:checked")?.value;
}

function update() {
  $("why").hidden = side() !== "generated";
  $("next").disabled = !side();
}

function answer() {
  const isGenerated = side() === "generated";
  const reasons = [...document.querySelectorAll("[name=reason]:checked")].map((box) => box.value);
  record.answers.push({
    picture: test.pictures[order[record.answers.length]].picture,
    answer: side(),
    seconds: Math.round((performance.now() - shown) / 100) / 10,
    reasons: isGenerated ? reasons : [],
    text: isGenerated ? $("text").value.trim() : "",
  });
  if (record.answers.length === test.pictures.length) record.finished = new Date().toISOString();
  keep();
  if (test.subject) send();
  ask();
}

function end() {
  $("answers").value = JSON.stringify(record, null, 1);
  $("copied").textContent = "";
  show("end");
  $("thanks").focus();
}

function download() {
  const link = document.createElement("a");
  const name = record.subject.replace(/[^\p{L}\p{N}]+/gu, "-");
  link.download = `${name}-${test.test}.json`;
  link.href = URL.createObjectURL(new Blob([$("answers").value], { type: "application/json" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function copy() {
  try {
    await navigator.clipboard.writeText($("answers").value);
    $("copied").textContent = "Copied.";
  } catch {
    $("answers").select(); // where the browser does not let pages write to the clipboard
    $("copied").textContent = "Selected: copy it yourself.";
  }
}

function press(event) {
  if ($("ask").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const chosen = KEYS[event.key.toLowerCase()];
  if (event.key === "Enter") {
    if (!event.repeat) $("next").click();
  } else if (event.target === $("text")) {
    return;
  } else if (chosen) {
    document.querySelector(`[name=side][value=${chosen}]`).checked = true;
    update();
  } else if (/^[1-9]$/.test(event.key) && !$("why").hidden) {
    document.querySelectorAll("[name=reason]")[event.key - 1]?.click();
  } else {
    return;
  }
  event.preventDefault();
}

const onSubmit = (form, act) =>
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
onSubmit("begin", () => {
  const subject = $("subject").value.trim().replace(/\s+/g, " ");
  if (subject) enter(subject, $("experience").value);
});
onSubmit("ask", answer);
$("ask").addEventListener("change", update);
$("download").addEventListener("click", download);
$("copy").addEventListener("click", copy);
$("another").addEventListener("click", begin);
$("switch").addEventListener("click", begin);
document.addEventListener("keydown", press);

if (test.subject) {
  for (const name of ["switch", "hand-in"]) $(name).hidden = true;
  $("subject").closest("p").hidden = true;
  $("whither").textContent = "Your answers are sent as you give them.";
  $("sent").hidden = false;
  $("sent").textContent = "Your answers are being sent.";
}
const last = test.subject ?? recall(test.test);
if (test.record) {
  enter(last);
  send();
} else if (last && JSON.parse(recall(place(last)))?.finished === null) enter(last);
else begin();
