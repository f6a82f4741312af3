// Sliders: an edge between two pictures goes where the slider is; of frames one is shown.
for (const box of document.querySelectorAll(".slides")) {
  const slider = box.querySelector("input");
  const names = JSON.parse(slider.dataset.names ?? "[]");
  const show = () => {
    box.style.setProperty("--at", slider.value / slider.max);
    for (const strip of box.querySelectorAll(".frames")) {
      const frames = strip.querySelectorAll("img");
      frames.forEach((frame, n) => {
        frame.hidden = n !== Math.min(Number(slider.value), frames.length - 1);
      });
    }
    if (!names.length) return;
    box.querySelector(".ends strong").textContent = names[slider.value];
    slider.setAttribute("aria-valuetext", names[slider.value]);
  };
  box.classList.add("live");
  slider.addEventListener("input", show);
  show();
}
