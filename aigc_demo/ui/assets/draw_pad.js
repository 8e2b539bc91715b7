// The drawing pad of draw_pad.py: black ink on white, sent to the server while a stroke goes on and when it ends.
const canvas = element.querySelector("canvas");
const paper = canvas.getContext("2d");
const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
canvas.setAttribute("aria-label", canvas.dataset[lang]);
canvas.style.setProperty("--hint", JSON.stringify(canvas.dataset[lang]));

let from = null, ghost = 0, waiting = 0;

const wipe = () => {
  cancelAnimationFrame(ghost);
  from = null;
  delete canvas.dataset.example;
  paper.fillStyle = "#fff";
  paper.fillRect(0, 0, canvas.width, canvas.height);
};
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
};
wipe();

const line = (to) => {
  paper.strokeStyle = "#000"; paper.lineWidth = 20; paper.lineCap = paper.lineJoin = "round";
  paper.beginPath(); paper.moveTo(...from); paper.lineTo(...to); paper.stroke();
  from = to;
};
const name = element.parentElement.closest("[id]").id;
const keep = () => aigcKeep.draw(name, canvas.toDataURL("image/png"));
// The page then packs the picture, which takes some milliseconds: while a stroke goes on, sixteen times a second at most.
const send = () => {
  clearTimeout(waiting);
  waiting = 0;
  trigger("input");
};
const sendSoon = () => { waiting = waiting || setTimeout(send, 60); };

canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault(); canvas.setPointerCapture(event.pointerId);
  if ("example" in canvas.dataset) wipe();
  canvas.dataset.used = "";
  from = place(event); line(from); sendSoon();
});
canvas.addEventListener("pointermove", (event) => { if (from) { line(place(event)); sendSoon(); } });
canvas.addEventListener("pointerup", (event) => { if (from) { line(place(event)); from = null; send(); keep(); } });
canvas.addEventListener("pointercancel", () => { if (from) { from = null; send(); keep(); } });
canvas.addEventListener("wipe", () => { aigcKeep.draw(name, null); clearTimeout(waiting); waiting = 0; wipe(); delete canvas.dataset.used; });

// Strokes that draw themselves, at half a pixel a millisecond, or at once for those who want nothing to move.
const points = (stroke) => stroke.flatMap(([x, y], i) => {
  const [a, b] = stroke[i - 1] || [x, y], count = Math.max(1, Math.round(Math.hypot(x - a, y - b) / 6));
  return Array.from({ length: count }, (_, k) => [a + (x - a) * (k + 1) / count, b + (y - b) * (k + 1) / count]);
});
const draw = (strokes) => {
  wipe();
  canvas.dataset.used = canvas.dataset.example = "";
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const all = strokes.flatMap((stroke) => points(stroke).map((to, i) => [i ? null : to, to]));
  const began = performance.now();
  let drawn = 0, at = null;
  const next = (now) => {
    if (!canvas.isConnected) return;
    const due = still ? all.length : Math.min(all.length, Math.floor((now - began) / 12));
    for (; drawn < due; drawn += 1) {
      const [start, to] = all[drawn];
      from = start || at;
      line(to);
      at = to;
    }
    from = null;
    if (drawn === all.length) return send();
    if (drawn) sendSoon();
    ghost = requestAnimationFrame(next);
  };
  next(began);
};
canvas.addEventListener("strokes", (event) => draw(event.detail));

// A picture from elsewhere, which may have come before the pad was first seen.
const isPicture = () => typeof props.value === "string" && props.value.startsWith("data:image/");
const paint = () => {
  if (!isPicture()) return;
  const picture = new Image();
  picture.onload = () => {
    wipe(); canvas.dataset.used = "";
    paper.drawImage(picture, (canvas.width - picture.width) / 2, (canvas.height - picture.height) / 2);
  };
  picture.src = props.value;
};
watch("value", paint);
// A picture that came before the pad was seen; what this browser drew before a reload; else the strokes that the pad opens with.
const drawn = aigcKeep.drawn(name), opening = JSON.parse(canvas.dataset.opening || "[]");
if (isPicture()) paint();
else if (drawn) {
  const picture = new Image();
  picture.onload = () => { paper.drawImage(picture, 0, 0); canvas.dataset.used = ""; send(); };
  picture.src = drawn;
} else if (opening.length) requestAnimationFrame(() => draw(opening));
