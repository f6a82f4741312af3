// A film, and beside it what became of it: they play and stop together.

import { make } from "./source.js";

const NAMES = ["Before", "After"];

export class FilmPair extends HTMLElement {
  connectedCallback() {
    this.urls = [];
    this.pair = make("div", { class: "films" });
    this.button = make("button", { type: "button" });
    this.button.addEventListener("click", () => this.play(!this.isPlaying));
    this.append(this.pair, make("div", { class: "row" }, this.button));
  }

  /** Show one or two films, each the blob of a GIF or of a video. */
  show(...films) {
    this.films = films;
    this.play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  /** Begin all from their first frames, or stop them there. */
  play(isPlaying) {
    this.isPlaying = isPlaying;
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.urls = this.films.map((film) => URL.createObjectURL(film)); // a new one begins anew
    const shown = this.films.map((film, at) => this.element(film, this.urls[at], NAMES[at]));
    this.pair.replaceChildren(
      ...shown.map((one, at) => make("figure", {}, one, make("figcaption", {}, NAMES[at]))),
    );
    const isVideo = shown[0].localName === "video";
    this.button.hidden = isVideo; // which have controls of their own
    this.button.textContent = isPlaying ? "Stop" : "Play";
    if (isVideo && shown[1]) together(...shown);
    if (isVideo && isPlaying) shown.at(-1).play().catch(() => {}); // where a browser waits for a touch
  }

  element(film, url, name) {
    if (film.type.startsWith("video/")) {
      const video = make("video", { src: url, controls: "", loop: "", playsinline: "", "aria-label": name });
      video.muted = name === NAMES[0];
      return video;
    }
    const image = make("img", { src: url, alt: name });
    if (this.isPlaying) return image;
    const still = make("canvas", { role: "img", "aria-label": name });
    image.addEventListener("load", () => {
      [still.width, still.height] = [image.naturalWidth, image.naturalHeight];
      still.getContext("2d").drawImage(image, 0, 0); // of a GIF, its first frame
    });
    return still;
  }
}

/** What is done to one video happens to the other. */
function together(...both) {
  for (const [one, other] of [both, both.toReversed()]) {
    const follow = () => {
      if (Math.abs(other.currentTime - one.currentTime) > 0.1) other.currentTime = one.currentTime;
    };
    one.addEventListener("play", () => {
      follow();
      other.play().catch(() => {});
    });
    one.addEventListener("pause", () => other.pause());
    one.addEventListener("seeked", follow);
  }
}

customElements.define("film-pair", FilmPair);
