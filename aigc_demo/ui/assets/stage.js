// The stage of the Latent space tab: the slider and the player show frames that are already in the page.
// `element` is the gr.HTML it stands in. Gradio patches the stage inside for a new film, of which `begin` shows the
// same moment. A film plays by itself until the hand takes the slider, but for those who want nothing to move.
const stage = () => element.querySelector(".stage");
let timer = 0, step = 1, share = null;
let plays = !matchMedia("(prefers-reduced-motion: reduce)").matches;

const show = (index) => {
  const here = stage(), range = here.querySelector("input[type=range]"), last = Number(range.max);
  share = last ? index / last : 0;
  const caption = `t = ${share.toFixed(2)}`;
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

const next = () => {
  const here = stage();
  if (!here || !here.offsetParent) return;
  const range = here.querySelector("input[type=range]"), last = Number(range.max), index = Number(range.value);
  if (here.dataset.back !== "true") return show((index + 1) % (last + 1));
  if (index + step < 0 || index + step > last) step = -step;
  show(index + step);
};
const run = () => {
  const here = stage(), button = here.querySelector(".play");
  clearInterval(timer);
  timer = plays ? setInterval(next, 1000 / Number(here.dataset.fps)) : 0;
  button.textContent = plays ? button.dataset.pause : button.dataset.play;
};
const pause = () => { plays = false; run(); };

let made = "";
const begin = () => {
  if (!stage() || stage().dataset.made === made) return;
  made = stage().dataset.made;
  const range = stage().querySelector("input[type=range]");
  show(share === null ? Number(range.defaultValue) : Math.round(share * Number(range.max)));
  run();
};
new MutationObserver(begin).observe(element, { childList: true, subtree: true, attributeFilter: ["data-made"] });
begin();
element.addEventListener("input", (event) => {
  if (!event.target.matches(".stage input[type=range]")) return;
  pause();
  show(Number(event.target.value));
});
element.addEventListener("focusin", (event) => { if (event.target.matches(".stage input[type=range]")) pause(); });
element.addEventListener("click", (event) => {
  if (event.target.closest(".play")) { plays = !timer; return run(); }
  const cell = event.target.closest("[data-frame]");
  if (!cell) return;
  pause();
  show(Number(cell.dataset.frame));
});
