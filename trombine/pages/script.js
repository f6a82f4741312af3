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
// Planes: two sliders choose one of rows of pictures; so does dragging in it.
for (const box of document.querySelectorAll(".plane")) {
  const sliders = [...box.querySelectorAll("input")];
  const window = box.querySelector(".window");
  const show = () => {
    sliders.forEach((slider, at) => {
      box.style.setProperty(["--x", "--y"][at], slider.value / slider.max);
    });
  };
  const drag = (event) => {
    if (!event.buttons) return;
    const area = window.getBoundingClientRect();
    const shares = [(event.clientX - area.x) / area.width, (event.clientY - area.y) / area.height];
    sliders.forEach((slider, at) => {
      slider.value = Math.round(shares[at] * slider.max);
    });
    show();
  };
  window.addEventListener("pointerdown", (event) => {
    window.setPointerCapture(event.pointerId);
    drag(event);
  });
  window.addEventListener("pointermove", drag);
  for (const slider of sliders) slider.addEventListener("input", show);
  show();
}
