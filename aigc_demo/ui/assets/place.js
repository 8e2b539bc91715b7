// Where one is: the open tab stands in the address, as #draw, and the result of what was pressed comes into view.
window.aigcPlace = (() => {
  const chosen = (tabs) => {
    const button = document.querySelector(`#${tabs} > .tab-wrapper button[role=tab][aria-selected=true]`);
    return button ? button.id.replace(/^(tab|mode)-|-button$/g, "") : "";
  };

  // The name of the open tab; of one that holds several ways, that of the way.
  const here = () => {
    const page = chosen("tabs");
    return document.getElementById(`${page}-modes`) ? chosen(`${page}-modes`) : page;
  };

  // What `find` gives as soon as it gives something; null after twenty seconds.
  const when = (find) => new Promise((resolve) => {
    const found = find();
    if (found) return resolve(found);
    const end = (given) => { observer.disconnect(); clearTimeout(patience); resolve(given); };
    const observer = new MutationObserver(() => { const given = find(); if (given) end(given); });
    observer.observe(document.body, { childList: true, subtree: true, attributes: true });
    const patience = setTimeout(end, 20_000, null);
  });
  const seen = (id) => { const part = document.getElementById(id); return part && part.offsetParent ? part : null; };

  // Open the tab `name`. The hidden button arrive-NAME says which tab holds it, where it is a way inside one.
  const go = async (name) => {
    if (!/^[a-z]+$/.test(name) || here() === name) return;
    const button = document.getElementById(`arrive-${name}`);
    const page = button && [...button.classList].find((word) => word.startsWith("in-"));
    const outer = page ? page.slice(3) : name;
    await choose(`tab-${outer}-button`, () => chosen("tabs") === outer);
    if (page) await choose(`mode-${name}-button`, () => here() === name);
  };
  // A tab that is being built does not hear the first press.
  const choose = async (id, done) => {
    for (let tries = 0; tries < 50 && !done(); tries++) {
      const button = document.getElementById(id);
      if (button) button.click();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  // Scroll to a result of which little is in view.
  const VIEWS = { text: "text-view", rewrite: "rewrite-tokens", chat: "chat-view", image: "image-sheet", draw: "draw-view",
    upscale: "upscale-view", reconstruct: "encode-view", classify: "classify-view", walk: "walk-stage", grid: "grid-sheet", train: "train-head",
    verify: "verify-view", evaluate: "evaluate-table" };
  const reveal = (name) => {
    const view = document.getElementById(VIEWS[name] || "");
    if (!view) return;
    const { top, bottom, height } = view.getBoundingClientRect();
    const shown = Math.min(bottom, innerHeight) - Math.max(top, 0);
    if (shown < Math.min(0.6 * height, 0.4 * innerHeight)) view.scrollIntoView({ block: "start" });
  };
  addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[id$='-go']");
    if (button) reveal(button.id.replace(/-go$/, ""));
  });

  // The tabs tell of a change by an attribute, whoever made it.
  const listeners = [];
  const onChange = (listener) => listeners.push(listener);
  let last = "";
  new MutationObserver(() => {
    const name = here();
    if (!name || name === last) return;
    last = name;
    for (const listener of listeners) listener(name);
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-selected"] });
  addEventListener("hashchange", () => go(location.hash.slice(1)));

  return { go, here, when, seen, reveal, onChange };
})();
