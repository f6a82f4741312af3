// Two pictures of one thing over each other, with a slider between; alone, the first is shown.

let number = 0;

export class BeforeAfter extends HTMLElement {
  connectedCallback() {
    number += 1;
    const zooms = this.hasAttribute("zooms");
    this.innerHTML = `
      <div class="view" tabindex="0" role="group" aria-label="Pictures">
        <div class="pile single whole"><figure><img alt="" draggable="false" hidden></figure><figure><img alt="" draggable="false" hidden></figure></div>
      </div>
      <div class="sliders slides" hidden>
        <div class="ends" aria-hidden="true"><span></span><span></span></div>
        <input type="range" min="0" max="100" value="50" id="edge-${number}">
      </div>
      ${zooms ? `<label class="field zooming" hidden><span>Zoom <output>100 %</output></span>
        <input type="range" min="0" max="100" value="0" aria-label="Zoom"></label>` : ""}`;
    this.view = this.querySelector(".view");
    this.pile = this.querySelector(".pile");
    [this.before, this.after] = this.querySelectorAll("img");
    this.sliders = this.querySelector(".sliders");
    this.edge = this.sliders.querySelector("input");
    this.edge.addEventListener("input", () => this.place());
    this.view.addEventListener("scroll", () => this.place());
    this.zoom = this.querySelector(".zooming input");
    this.zoom?.addEventListener("input", () => this.enlarge());
    this.view.addEventListener("pointermove", (event) => this.point(event));
    addEventListener("resize", () => this.enlarge());
    for (const image of [this.before, this.after]) {
      image.addEventListener("load", () => {
        image.hidden = false;
        this.enlarge();
      });
    }
  }

  /** Show one picture alone. */
  show(url, alt) {
    this.before.src = url;
    this.before.alt = alt;
    this.after.hidden = true;
    this.after.removeAttribute("src");
    this.pile.classList.add("single");
    this.sliders.hidden = true;
    if (this.zoom) this.zoom.value = 0;
  }

  /** Lay a picture over the first. */
  against(url, alt, names) {
    this.after.src = url;
    this.after.alt = alt;
    this.pile.classList.remove("single");
    this.sliders.hidden = false;
    const [one, other] = this.querySelectorAll(".ends span");
    [one.textContent, other.textContent] = names;
    this.edge.setAttribute("aria-label", `${names[0]} or ${names[1]}`);
    this.place();
  }

  /** The slider's place is one of what is seen, and so of a part of the pile where that is larger. */
  place() {
    const at = this.edge.value / this.edge.max;
    const { scrollLeft, clientWidth } = this.view;
    const wide = this.pile.clientWidth || 1;
    this.pile.style.setProperty("--edge", Math.min(1, (scrollLeft + at * clientWidth) / wide));
  }

  /** A mouse or a finger that is held down moves the edge to itself. */
  point(event) {
    if (!event.buttons || this.sliders.hidden || this.zoom?.value > 0) return;
    const box = this.view.getBoundingClientRect();
    this.edge.value = ((event.clientX - box.left) / box.width) * this.edge.max;
    this.place();
  }

  /** From all of it up to eight pixels of the screen for one of the larger picture. */
  enlarge() {
    if (this.zoom) {
      const natural = this.after.naturalWidth || this.before.naturalWidth || 1;
      this.zoom.parentElement.hidden = natural === 1; // nothing to be seen yet
      const least = this.view.clientWidth;
      const most = Math.max(8 * natural, least);
      const wide = least * (most / least) ** (this.zoom.value / 100);
      const middle = (this.view.scrollLeft + least / 2) / (this.pile.clientWidth || 1);
      const centre = (this.view.scrollTop + this.view.clientHeight / 2) / (this.pile.clientHeight || 1);
      this.pile.style.width = this.zoom.value > 0 ? `${Math.round(wide)}px` : "";
      this.pile.classList.toggle("crisp", wide > 2.5 * natural);
      this.pile.classList.toggle("whole", !(this.zoom.value > 0));
      this.view.scrollLeft = middle * this.pile.clientWidth - least / 2;
      this.view.scrollTop = centre * this.pile.clientHeight - this.view.clientHeight / 2;
      const shown = `${Math.round((100 * wide) / natural)} %`;
      this.querySelector(".zooming output").textContent = shown;
      this.zoom.setAttribute("aria-valuetext", shown);
    }
    this.place();
  }
}

customElements.define("before-after", BeforeAfter);
