// How far a job is, what it said, and what went wrong: read out as it changes.

import { Problem, cancel, ended } from "./api.js";

export class JobStatus extends HTMLElement {
  connectedCallback() {
    this.innerHTML = `
      <div class="working" hidden>
        <div class="bar-of-job" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"><div></div></div>
        <div class="row"><span class="soft"></span><button type="button">Cancel</button></div>
      </div>
      <p class="soft said" role="status"></p>
      <p class="problem" role="alert" hidden></p>`;
    this.working = this.querySelector(".working");
    this.bar = this.querySelector("[role=progressbar]");
    this.step = this.working.querySelector(".soft");
    this.said = this.querySelector(".said");
    this.problem = this.querySelector(".problem");
    this.jobs = [];
    this.querySelector("button").addEventListener("click", () => {
      for (const id of this.jobs) cancel(id).catch((error) => this.fail(error));
    });
  }

  /** Several jobs begin that are shown as one. */
  begin(jobs) {
    this.clear();
    this.jobs = jobs;
    this.shares = new Map(jobs.map((id) => [id, 0]));
    this.part = ""; // what is done in the part of a job that came after the first, if one did
    this.working.hidden = false;
    this.step.textContent = "Waiting for its turn";
    this.move();
  }

  /** A job once it is done; a Problem where it failed. Meanwhile it is shown how far it is. */
  follow(job) {
    this.begin([job.id]);
    return ended(job.id, (event) => this.hear(event));
  }

  hear(event) {
    if (event.kind === "state" && event.state === "running") this.step.textContent = "Working";
    if (event.kind === "state" && event.state === "queued") {
      this.step.textContent = event.problem ?? "Waiting for its turn";
      this.shares?.set(event.job, 0);
    }
    if (event.kind === "progress") {
      const [before, share] = [this.shares?.get(event.job) ?? 0, event.done / event.total];
      const isNext = before === 1 && share < 1; // its former part is over, and another begins
      if (isNext && event.unit !== "percent") this.part = `: ${event.unit}`;
      this.shares?.set(event.job, isNext ? share : Math.max(before, share));
    }
    const percent = this.move();
    if (event.kind === "progress") this.step.textContent = `Working, ${percent} %${this.part}`;
  }

  move() {
    const shares = [...(this.shares?.values() ?? [])];
    const percent = Math.round((100 * shares.reduce((sum, one) => sum + one, 0)) / shares.length);
    this.bar.firstElementChild.style.width = `${percent}%`;
    this.bar.setAttribute("aria-valuenow", percent);
    return percent;
  }

  say(text) {
    this.clear();
    this.said.textContent = text;
  }

  fail(error) {
    this.clear();
    this.problem.textContent =
      error instanceof Problem ? error.message : `Something broke on this page: ${error}. Reload it.`;
    this.problem.hidden = false;
    if (!(error instanceof Problem)) console.error(error);
  }

  clear() {
    this.working.hidden = true;
    this.problem.hidden = true;
    this.problem.textContent = "";
    this.said.textContent = "";
  }
}

customElements.define("job-status", JobStatus);
