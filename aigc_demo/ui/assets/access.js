// What Gradio's components do not tell those who cannot see them, or make them press Tab for: folds say whether they are
// open, an empty picture is one, a place to drop a file is called what stands on it; the choices of one field are one
// stop, and so are the tabs of one row, among which arrow keys go; a first link leads to the open tab's first field.
(() => {
  let groups = 0;
  const names = new WeakMap();
  const mend = {
    "button.label-wrap": (fold) => fold.setAttribute("aria-expanded", String(fold.classList.contains("open"))),
    "div.empty[aria-label]:not([role])": (box) => box.setAttribute("role", "img"),
    "button[aria-dropeffect][aria-label]": (place) => place.innerText.trim() && place.removeAttribute("aria-label"),
    "[role=tab]": (tab) => { tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1; },
    "#header a[data-lang]": (link) => {
      if (!document.documentElement.lang.startsWith(link.dataset.lang)) return;
      link.setAttribute("aria-current", "true"); // where one is already, no stop either
      link.tabIndex = -1;
    },
    "fieldset input[type=radio]": (choice) => {
      const field = choice.closest("fieldset");
      if (!names.has(field)) names.set(field, `choice-${groups++}`);
      choice.name = names.get(field);
    },
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
      else for (const said of ["button.label-wrap", "[role=tab]"]) if (change.target.matches(said)) mend[said](change.target);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "aria-selected"] });

  const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
  addEventListener("keydown", (event) => {
    const row = event.target.closest?.("[role=tab]")?.closest("[role=tablist]"), step = STEPS[event.key];
    if (!row || !step) return;
    const tabs = [...row.querySelectorAll("[role=tab]")].filter((tab) => tab.checkVisibility() && !tab.disabled);
    const next = tabs[(tabs.indexOf(event.target.closest("[role=tab]")) + step + tabs.length) % tabs.length];
    event.preventDefault();
    next?.focus();
    next?.click();
  });

  const FIELDS = "textarea, input:not([type=hidden], [type=file]), select, button:not([role=tab], [tabindex=\"-1\"])";
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
