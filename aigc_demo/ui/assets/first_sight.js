// The first sight of the page: it stands there until the Start tab's own text does, for those who come to that tab.
(() => {
  const sight = document.getElementById("first-sight"), query = new URLSearchParams(location.search);
  const stored = (store) => { try { return JSON.parse(store.getItem("aigc.1.open")); } catch { return null; } };
  const opens = location.hash.slice(1) || stored(sessionStorage) || stored(localStorage) || "start";
  if (opens !== "start" || query.has("recipe")) return sight.remove();
  sight.hidden = false;
  const began = performance.now();
  window.aigcSight = () => performance.now() - began;
  sight.toggleAttribute("data-moving", !matchMedia("(prefers-reduced-motion: reduce)").matches);
  const leave = () => { observer.disconnect(); clearTimeout(patience); sight.remove(); };
  const placed = "#exhibit-write .token, #tabs button[aria-selected=true]:not(#tab-start-button)";
  const observer = new MutationObserver(() => document.querySelector(placed) && leave());
  observer.observe(document.body, { childList: true, subtree: true });
  const patience = setTimeout(leave, 20_000);
})();
