// What pages ask of the server, and hear from it: one stream of events for all jobs of a page.

/** Where the server's paths are: below another's address where a proxy has it. */
export const API = `${document.documentElement.dataset.root}/api`;

// On a phone the pages' row is wider than the screen.
document.querySelector(".bar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/** An error whose text is for people; `fills` are fields of this page and values that would help. `isGone`
 * says that the studio was started again since, `isCut` that it did not answer: also a page that is left. */
export class Problem extends Error {
  fills = [];
  isGone = false;
  isCut = false;
}

const GONE = "The studio does not answer. Start it again (trombine studio), and open its link.";

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw Object.assign(new Problem(GONE), { isCut: true });
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let error = `The studio answered ${answer.status}.`;
  try {
    error = JSON.parse(text).error ?? error;
  } catch {
    // no JSON: the number says what there is to say
  }
  throw Object.assign(failed(error), { isGone: answer.status === 410 });
}

export const json = async (path, options) => (await ask(path, options)).json();

/** The field of this page for an option of the command, and how it is called here. */
function fieldOf(option) {
  const field = document.querySelector(`#${option.replaceAll("-", "_")}, [data-option=${option}]`);
  const span = field?.labels?.[0]?.querySelector("span");
  return field && { field, label: field.dataset.label ?? span?.firstChild.textContent.trim() };
}

/** A line of the command as a sentence, in which options are the fields of this page; `fills` gets those
 * with a value. Advice that only a terminal can follow is left out. */
export function sentence(text, fills = []) {
  const isHere = (part) => !/TROMBINE_|\btrombine [a-z]/.test(part) && [...part.matchAll(/--([a-z-]+)/g)].every(([, name]) => fieldOf(name));
  const [problem, ...advice] = text.split("; ");
  const words = [problem, ...advice.filter(isHere)].join("; ").replace(/--([a-z-]+)(?: ([\w-]+))?/g, (all, name, value) => {
    const { field, label } = fieldOf(name) ?? {};
    if (!label) return all;
    const choice = [...(field.options ?? [])].find((one) => one.value === value)?.text ?? (/^\d+$/.test(value) ? value : "");
    if (!choice) return `“${label}”${value ? ` ${value}` : ""}`;
    fills.push({ field, value, name: `${label}: ${choice}` });
    return `“${label}: ${choice}”`;
  });
  const first = words.charAt(0);
  return `${/^[a-z]\w* /.test(words) ? first.toUpperCase() + words.slice(1) : words}`.replace(/([^.?!])$/, "$1.");
}

/** A notice of a job as a sentence; one that tells of a file begins without it. */
export const noticed = ({ text }) => sentence(/^(is|was|has|shows) /.test(text) ? `it ${text}` : text);

/** What a job failed of, with fields of the page that would help. */
function failed(text) {
  const fills = [];
  return Object.assign(new Problem(sentence(text, fills)), { fills });
}

/** Ask for a job. Fields are [name, value] or [name, file, file's name]. */
export async function submit(verb, fields) {
  const form = new FormData();
  for (const field of fields) form.append(...field);
  return json(`${API}/${verb}`, { method: "POST", body: form });
}

export const cancel = (id) => json(`${API}/jobs/${id}/cancel`, { method: "POST" });
export const remove = (id) => ask(`${API}/jobs/${id}`, { method: "DELETE" });
export const isOver = (state) => state !== "queued" && state !== "running";

const TURN = 1000; // milliseconds between two looks at how many jobs come before one
const heard = new Map(); // who waits for a job, by its id; "" hears all
let stream = null;

/** Hear what a job says, or with "" all of them; the function given back ends it. */
export function listen(id, tell) {
  const tellers = heard.get(id) ?? new Set();
  heard.set(id, tellers.add(tell));
  if (!stream) {
    stream = new EventSource(`${API}/events`);
    stream.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      for (const key of [event.job, ""]) for (const one of heard.get(key) ?? []) one(event);
    };
    const tellAll = (event) => [...heard.values()].forEach((all) => all.forEach((one) => one(event)));
    // What was said before it was open, or while it was broken, is asked for; so is why it stays closed.
    stream.onopen = () => tellAll({ kind: "opened" });
    stream.onerror = ({ target }) => {
      const isOver = target.readyState === EventSource.CLOSED;
      if (isOver) stream = null; // who listens next opens another
      tellAll({ kind: isOver ? "opened" : "broken" });
    };
  } else if (stream.readyState === EventSource.OPEN) {
    tell({ kind: "opened" });
  }
  return () => {
    tellers.delete(tell);
    if (!tellers.size) heard.delete(id);
    if (!heard.size) {
      stream?.close(); // a browser has few connections for a host
      stream = null;
    }
  };
}

/** The job once it has ended; `tell` hears each event. A failed one is a Problem. */
export function ended(id, tell = () => {}) {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (act, value) => {
      if (isSettled) return;
      isSettled = true;
      quit();
      act(value);
    };
    const look = async () => {
      try {
        const job = await json(`${API}/jobs/${id}`);
        if (!isOver(job.state)) tell({ kind: "state", job: id, state: job.state, ahead: job.ahead });
        if (job.state === "queued") setTimeout(() => isSettled || look(), TURN); // others end meanwhile
        if (job.state === "done") settle(resolve, job);
        else if (job.state === "failed") settle(reject, failed(job.problem));
        else if (job.state === "cancelled") settle(reject, new Problem("Cancelled."));
      } catch (error) {
        settle(reject, error);
      }
    };
    const quit = listen(id, (event) => {
      if (event.kind === "opened") return look();
      tell(event);
      if (event.kind !== "state") return;
      if (event.state === "deleted") settle(reject, new Problem("Deleted."));
      else if (isOver(event.state)) look();
    });
  });
}
