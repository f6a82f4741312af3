// A photo by a camera: a telephone's own, or this machine's in a window of the page.

import { Problem } from "./api.js";

const REFUSED = {
  NotAllowedError: "The camera was not allowed. Allow it beside the address above, or choose a file.",
  NotFoundError: "No camera was found. Choose a file instead.",
};
const BUSY = "The camera gives no picture: something else may have it. Close that, or choose a file.";
const FAR = "Browsers give the camera to pages of this machine or of https alone. Choose a file instead.";

/** Let a button take photos; `take` gets each as a file. */
export function offerCamera(button, take, status) {
  button.addEventListener("click", async () => {
    try {
      status.clear();
      if (matchMedia("(pointer: coarse)").matches) fromTelephone(take);
      else await fromWindow(take);
    } catch (error) {
      status.fail(error);
    }
  });
}

function fromTelephone(take) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: "image/*", capture: "environment" });
  input.addEventListener("change", () => take(input.files[0]));
  input.click();
}

async function fromWindow(take) {
  if (!navigator.mediaDevices) throw new Problem(FAR);
  const asked = navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
  const stream = await asked.catch((error) => {
    throw new Problem(REFUSED[error.name] ?? BUSY);
  });
  const dialog = document.createElement("dialog");
  dialog.className = "camera";
  dialog.setAttribute("aria-label", "Camera");
  dialog.innerHTML = `<video autoplay muted playsinline></video><div class="row">
    <button type="button" class="primary">Take the photo</button><button type="button">Close</button></div>`;
  document.body.append(dialog);
  const [video, [shoot, close]] = [dialog.querySelector("video"), dialog.querySelectorAll("button")];
  video.srcObject = stream;
  shoot.addEventListener("click", async () => {
    const canvas = new OffscreenCanvas(video.videoWidth || 1, video.videoHeight || 1);
    canvas.getContext("2d").drawImage(video, 0, 0);
    dialog.close();
    take(new File([await canvas.convertToBlob()], "photo.png", { type: "image/png" }));
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  });
  dialog.showModal();
}
