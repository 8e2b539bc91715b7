// Bars of a latent vector (latent_bars.py): dragged, or moved by keys, they say where all of them are, once a frame at most.
const units = () => [...element.querySelectorAll("[role=slider]")];
const reach = (unit) => Number(unit.getAttribute("aria-valuemax"));
let held = null, waiting = 0;

const send = (moved) => {
  element.querySelector(".back").hidden = !moved;
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() =>
    trigger("input", { z: moved ? units().map((unit) => Number(unit.getAttribute("aria-valuenow"))) : [] }));
};
const put = (unit, z) => {
  unit.style.setProperty("--z", z);
  unit.setAttribute("aria-valuenow", z);
  unit.title = `${unit.getAttribute("aria-label")} = ${z}`;
};
const move = (unit, z) => {
  put(unit, Math.max(-reach(unit), Math.min(reach(unit), z)).toFixed(2));
  send(true);
};
const follow = (event) => {
  const box = held.getBoundingClientRect();
  move(held, reach(held) * (1 - 2 * (event.clientY - box.top) / box.height));
};

element.addEventListener("pointerdown", (event) => {
  held = event.target.closest("[role=slider]");
  if (!held) return;
  held.setPointerCapture(event.pointerId);
  follow(event);
});
element.addEventListener("pointermove", (event) => { if (held) follow(event); });
for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => { held = null; });
element.addEventListener("keydown", (event) => {
  const unit = event.target.closest("[role=slider]");
  const step = { ArrowUp: 0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowLeft: -0.1, PageUp: 1, PageDown: -1 }[event.key];
  const end = { Home: -3, End: 3 }[event.key];
  if (!unit || (step === undefined && end === undefined)) return;
  event.preventDefault();
  move(unit, end ?? Number(unit.getAttribute("aria-valuenow")) + step);
});
element.addEventListener("click", (event) => {
  if (!event.target.closest(".back")) return;
  units().forEach((unit) => put(unit, unit.dataset.mean));
  send(false);
});
