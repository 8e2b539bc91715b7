// The map of the word under the hand, of the focused one, else of the pressed one, over the picture of word_maps.py.
const show = (button) => {
  const stage = element.querySelector(".word-maps"), map = stage?.querySelector(".map");
  if (!map) return;
  const chosen = button || stage.querySelector("[aria-pressed=true]");
  stage.classList.toggle("looking", Boolean(chosen));
  if (chosen) map.style.cssText = chosen.dataset.place;
};
const word = (event) => event.target.closest("[data-word]");
for (const name of ["pointerover", "focusin"]) element.addEventListener(name, (event) => { if (word(event)) show(word(event)); });
for (const name of ["pointerout", "focusout"]) element.addEventListener(name, (event) => { if (word(event)) show(null); });
element.addEventListener("click", (event) => {
  const chosen = word(event), pressed = chosen?.getAttribute("aria-pressed") === "true";
  if (!chosen) return;
  element.querySelectorAll("[data-word]").forEach((button) => button.setAttribute("aria-pressed", String(button === chosen && !pressed)));
  show(pressed ? null : chosen);
});
