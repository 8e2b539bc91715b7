// What the exhibits of the Start tab share. `element` is the gr.HTML that one is seen in.
//
// motion({ load, step, rest, passed }): once the exhibit comes near, `load` fetches what it needs; while it is in view,
// step(seconds) draws it, from `passed` milliseconds on, and says whether it goes on; rest() shows it finished. It moves by
// itself once, unless the visitor asked for less motion; a button pauses it and plays it again. The exhibit has
// `data-moving` while it moves.
const motion = ({ load, step, rest, passed = 0 }) => {
  const exhibit = element.closest(".exhibit"), lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const names = { en: ["Play", "Pause"], zh: ["播放", "暂停"] }[lang];
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "play" });
  let last = 0, request = 0, seen = false, wanted = !matchMedia("(prefers-reduced-motion: reduce)").matches;

  const settle = () => {
    const moves = seen && wanted && loaded;
    button.textContent = names[Number(wanted)];
    exhibit.toggleAttribute("data-moving", moves);
    if (moves && !request) { last = 0; request = requestAnimationFrame(tick); }
    if (!moves) { cancelAnimationFrame(request); request = 0; }
  };
  const tick = (now) => {
    passed += last ? Math.min(now - last, 250) : 0;
    last = now;
    request = 0;
    if (step(passed / 1000)) request = requestAnimationFrame(tick);
    else { wanted = false; passed = 0; rest(); settle(); }
  };
  button.addEventListener("click", () => { wanted = !wanted; settle(); });

  let loaded = false;
  new IntersectionObserver((entries, near) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    load().then(() => { loaded = true; if (!wanted) rest(); exhibit.querySelector(".foot").append(button); settle(); });
  }, { rootMargin: "200px" }).observe(exhibit);
  new IntersectionObserver((entries) => { seen = entries.at(-1).isIntersecting; settle(); }, { threshold: 0.2 }).observe(exhibit);

  return { end: () => { wanted = false; passed = 0; settle(); } };
};
const picture = async (address) => { const image = new Image(); image.src = address; await image.decode(); return image; };
const frame = (box, index, count) => { box.style.backgroundPosition = `${100 * index / (count - 1)}% 0`; };
