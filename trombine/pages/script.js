// Sliders: their place, 0 to 1, is handed to the pictures they move; a step's name is written.
for (const box of document.querySelectorAll(".slides")) {
  const slider = box.querySelector("input");
  const names = JSON.parse(slider.dataset.names ?? "[]");
  const now = box.querySelector(".ends strong");
  const show = () => {
    box.style.setProperty("--at", slider.value / slider.max);
    if (!now) return;
    now.textContent = names[slider.value];
    slider.setAttribute("aria-valuetext", names[slider.value]);
  };
  slider.addEventListener("input", show);
  show();
}
