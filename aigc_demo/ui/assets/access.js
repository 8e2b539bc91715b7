// What Gradio's components do not tell those who cannot see them: folds say whether they are open, an empty picture is
// one, a place to drop a file is called what stands on it; and a first link leads to the open tab's first field.
(() => {
  const mend = {
    "button.label-wrap": (fold) => fold.setAttribute("aria-expanded", String(fold.classList.contains("open"))),
    "div.empty[aria-label]:not([role])": (box) => box.setAttribute("role", "img"),
    "button[aria-dropeffect][aria-label]": (place) => place.innerText.trim() && place.removeAttribute("aria-label"),
  };
  const mendAll = (top) => {
    for (const [selector, fix] of Object.entries(mend)) {
      if (top.matches(selector)) fix(top);
      top.querySelectorAll(selector).forEach(fix);
    }
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach((node) => node.nodeType === 1 && mendAll(node));
      else if (change.target.matches("button.label-wrap")) mend["button.label-wrap"](change.target);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });

  const FIELDS = "textarea, input:not([type=hidden], [type=file]), select, button:not([role=tab])";
  const skip = document.createElement("a");
  skip.className = "skip";
  skip.href = "#";
  skip.textContent = (window.aigcWords || {}).skip || "";
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    const fields = [...document.querySelectorAll(`#tabs [role=tabpanel] :is(${FIELDS})`)];
    fields.find((field) => field.checkVisibility({ visibilityProperty: true }) && !field.disabled)?.focus();
  });
  const place = () => document.body.prepend(skip);
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
})();
