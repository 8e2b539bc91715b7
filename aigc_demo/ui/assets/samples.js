// The samples of a run: one slider goes through training time, by hand or by its Play button, another uncovers how the
// same seeds looked at the start.
// `element` is the gr.HTML it stands in, patched by Gradio when new samples come; `watch` then shows the reader's place
// again. A reader who has not moved the slider, or has moved it to its end, follows the newest sample.
let run = "", place = null, uncovered = 0, playing = 0;
const LENGTH = 6000, SLOWEST = 400;  // milliseconds: of a film, and of a frame at most
const film = () => element.querySelector(".film");

const texts = (box, list) => box.replaceChildren(...list.map((text) => {
  const item = document.createElement("p");
  item.textContent = text;
  return item;
}));

const show = () => {
  const here = film();
  if (!here) return;
  if (here.dataset.run !== run) {
    [run, place, uncovered] = [here.dataset.run, null, 0];
    halt();
  }
  const button = here.querySelector(".play");  // drawn anew with new samples, while the film goes on
  if (button) button.textContent = playing ? button.dataset.pause : button.dataset.play;
  const frames = JSON.parse(here.dataset.frames), last = frames.length - 1, index = Math.min(place ?? last, last);
  const [step, sample] = frames[index], words = here.dataset.step.replace("{step}", step);
  const [time, cover] = here.querySelectorAll("input[type=range]");
  time.max = last;
  time.value = index;
  time.setAttribute("aria-valuetext", words);
  here.querySelectorAll(".at").forEach((at) => { at.textContent = words; });
  time.style.setProperty("--at", `${last ? 100 * index / last : 100}%`);
  const now = here.querySelector(".now");
  if (!now.matches("img")) return texts(now, sample);
  if (now.getAttribute("src") !== sample) now.src = sample;
  now.alt = now.alt.replace(/\d+/, step);
  if (!cover) return;
  cover.value = uncovered;
  cover.style.setProperty("--at", `${uncovered}%`);
  here.style.setProperty("--uncovered", `${uncovered}%`);
};

const halt = () => {
  clearInterval(playing);
  playing = 0;
  const button = element.querySelector(".film .play");
  if (button) button.textContent = button.dataset.play;
};

const play = (button) => {
  const count = JSON.parse(film().dataset.frames).length;
  if (place === null) place = 0;
  button.textContent = button.dataset.pause;
  playing = setInterval(() => {
    if (!film()) return halt();
    place += 1;
    if (place >= count - 1) { place = null; halt(); }
    show();
  }, Math.min(LENGTH / count, SLOWEST));
  show();
};

watch("value", () => requestAnimationFrame(show));
requestAnimationFrame(show);
element.addEventListener("input", (event) => {
  halt();
  const sliders = [...element.querySelectorAll(".film input[type=range]")], value = Number(event.target.value);
  if (event.target === sliders[0]) place = value === Number(event.target.max) ? null : value;
  else if (event.target === sliders[1]) uncovered = value;
  show();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest(".film .play");
  if (!button) return;
  if (playing) halt(); else play(button);
});
// The sheets of a run are small; fetched when the hand comes near, the film runs without gaps.
element.addEventListener("pointerenter", () => {
  const here = film();
  if (here && here.querySelector("img.now")) for (const [, source] of JSON.parse(here.dataset.frames)) new Image().src = source;
});
