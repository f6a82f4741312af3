// Sliders: their place, 0 to 1, is handed to the pictures they move.
for (const box of document.querySelectorAll(".slides")) {
  const slider = box.querySelector("input");
  const show = () => box.style.setProperty("--at", slider.value / slider.max);
  slider.addEventListener("input", show);
  show();
}
