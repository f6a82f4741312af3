// How far a job is, what it said, and what went wrong: read out as it changes.

import { Problem, cancel, ended } from "./api.js";

const EARLY = 3; // seconds after which it is told how long it takes

export function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A button that sets a field of the page as a problem's advice says. */
function filling({ field, value, name }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: `Set ${name}` });
  button.addEventListener("click", () => {
    field.value = value;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    field.focus();
  });
  return button;
}

export class JobStatus extends HTMLElement {
  connectedCallback() {
    this.innerHTML = `
      <div class="working" hidden>
        <div class="bar-of-job" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"><div></div></div>
        <div class="row"><span class="soft"></span><button type="button">Cancel</button></div>
      </div>
      <p class="soft said" role="status"></p>
      <p class="problem" role="alert" hidden></p>
      <div class="row links"></div>`;
    this.working = this.querySelector(".working");
    this.bar = this.querySelector("[role=progressbar]");
    this.step = this.working.querySelector(".soft");
    this.said = this.querySelector(".said");
    this.links = this.querySelector(".links");
    this.problem = this.querySelector(".problem");
    this.jobs = [];
    this.querySelector("button").addEventListener("click", () => {
      for (const id of this.jobs) cancel(id).catch((error) => this.fail(error));
    });
  }

  /** Several jobs begin that are shown as one; without any, their files are on their way. */
  begin(jobs) {
    this.clear();
    this.jobs = jobs;
    this.shares = new Map(jobs.map((id) => [id, 0]));
    this.part = ""; // what is done in the part of a job that came after the first, if one did
    this.began = null; // when that part did
    this.isCut = false;
    this.working.hidden = false;
    this.working.querySelector("button").hidden = !jobs.length;
    this.step.textContent = jobs.length ? "Waiting for its turn" : "Sending it";
    this.move();
    this.timer = setInterval(() => this.tell(), 1000);
  }

  /** A job once it is done; a Problem where it failed. Meanwhile it is shown how far it is. */
  follow(job) {
    this.begin([job.id]);
    return ended(job.id, (event) => this.hear(event));
  }

  hear(event) {
    this.isCut = event.kind === "broken"; // the studio does not answer
    if (event.kind === "state" && event.state === "queued" && this.began === null) {
      const { ahead } = event;
      const jobs = ahead === 1 ? "one job comes" : `${ahead} jobs come`;
      this.step.textContent = ahead ? `Waiting: ${jobs} before it` : "Waiting for its turn";
    }
    if (event.kind === "state" && event.state === "running") this.began ??= Date.now();
    if (event.kind === "progress") {
      const [before, share] = [this.shares?.get(event.job) ?? 0, event.done / event.total];
      const isNext = before === 1 && share < 1; // its former part is over, and another begins
      if (isNext && event.unit !== "percent") this.part = `: ${event.unit}`;
      if (isNext || this.began === null) this.began = Date.now();
      this.shares?.set(event.job, isNext ? share : Math.max(before, share));
    }
    this.tell();
  }

  /** Say how much is done, and how long it takes. */
  tell() {
    const percent = this.move();
    if (this.isCut) this.step.textContent = "The studio does not answer. Waiting for it";
    if (this.isCut || this.began === null) return;
    const [share, seconds] = [percent / 100, (Date.now() - this.began) / 1000];
    const isKnown = share >= 0.05 && share < 1;
    const left = isKnown ? `${duration((seconds * (1 - share)) / share)} left` : `${duration(seconds)} so far`;
    const done = percent ? `, ${percent} %` : ""; // at first nothing is known, not even that it is little
    this.step.textContent = `Working${done}${this.part}${seconds > EARLY ? `, ${left}` : ""}`;
  }

  move() {
    const shares = [...(this.shares?.values() ?? [])];
    const percent = Math.round((100 * shares.reduce((sum, one) => sum + one, 0)) / (shares.length || 1));
    this.bar.firstElementChild.style.width = `${percent}%`;
    this.bar.classList.toggle("open", !percent); // nobody knows how far it is
    if (percent) this.bar.setAttribute("aria-valuenow", percent);
    else this.bar.removeAttribute("aria-valuenow");
    return percent;
  }

  /** Say what came of it; `links` to its files are beside that. */
  say(text, ...links) {
    this.clear();
    this.said.textContent = text;
    this.links.replaceChildren(...links);
  }

  fail(error) {
    this.clear();
    this.problem.textContent =
      error instanceof Problem ? error.message : `Something broke on this page: ${error}. Reload it.`;
    this.problem.hidden = false;
    this.links.replaceChildren(...(error.fills ?? []).map(filling));
    if (!(error instanceof Problem)) console.error(error);
  }

  clear() {
    clearInterval(this.timer);
    this.working.hidden = true;
    this.links.replaceChildren();
    this.problem.hidden = true;
    this.problem.textContent = "";
    this.said.textContent = "";
  }
}

customElements.define("job-status", JobStatus);
