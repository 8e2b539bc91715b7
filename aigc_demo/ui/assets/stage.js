// The stage of the Latent space tab: the slider and the player show frames that are already in the page.
// `element` is the gr.HTML it stands in. Gradio patches the stage inside for a new film, so that a slider or a timer
// would keep the state of the old one: `watch` starts them afresh.
const stage = () => element.querySelector(".stage");
let timer = 0;

const show = (index) => {
  const here = stage(), range = here.querySelector("input[type=range]"), last = Number(range.max);
  const share = last ? index / last : 0, caption = `t = ${share.toFixed(2)}`;
  here.style.setProperty("--at", `${100 * share}%`);
  const now = here.querySelector(".now .pixels");
  now.style.backgroundPosition = `${100 * share}% 0`;
  now.setAttribute("aria-label", caption);
  here.querySelector(".now output").textContent = caption;
  range.value = index;
  range.setAttribute("aria-valuetext", caption);
  const chosen = [...here.querySelectorAll("[data-frame]")].reduce((best, cell) =>
    Math.abs(cell.dataset.frame - index) < Math.abs(best.dataset.frame - index) ? cell : best);
  here.querySelectorAll("[data-frame]").forEach((cell) => cell.classList.toggle("chosen", cell === chosen));
};

const pause = () => {
  clearInterval(timer);
  timer = 0;
  const button = element.querySelector(".play");
  if (button) button.textContent = button.dataset.play;
};

const play = () => {
  const here = stage(), button = here.querySelector(".play"), range = here.querySelector("input[type=range]");
  const last = Number(range.max), loops = here.dataset.back !== "true";
  let index = Number(range.value), step = 1;
  button.textContent = button.dataset.pause;
  timer = setInterval(() => {
    if (loops) index = (index + 1) % (last + 1);
    else {
      if (index + step < 0 || index + step > last) step = -step;
      index += step;
    }
    show(index);
  }, 1000 / Number(here.dataset.fps));
};

watch("value", () => requestAnimationFrame(() => {
  pause();
  if (stage()) show(Number(stage().querySelector("input[type=range]").defaultValue));
}));
element.addEventListener("input", (event) => {
  if (!event.target.matches(".stage input[type=range]")) return;
  pause();
  show(Number(event.target.value));
});
element.addEventListener("click", (event) => {
  if (event.target.closest(".play")) return timer ? pause() : play();
  const cell = event.target.closest("[data-frame]");
  if (!cell) return;
  pause();
  show(Number(cell.dataset.frame));
});
