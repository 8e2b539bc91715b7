// The pad of pixel_pad.py: as many pixels as the model draws, and a brush with colours. After each stroke the server gets
// the picture. Keys paint, too: arrows move a cursor, the space bar sets a pixel.
const pad = element.querySelector(".pixel-pad"), canvas = pad.querySelector("canvas"), paper = canvas.getContext("2d");
const words = JSON.parse(pad.dataset.words)[document.documentElement.lang.startsWith("zh") ? "zh" : "en"];
let side = 0, ground = "#292b33", colour = "", size = 2, past = [], from = null, cursor = null;

canvas.setAttribute("aria-label", words.name);
pad.querySelectorAll("[data-tool]").forEach((button) => { button.textContent = words[button.dataset.tool]; });
pad.querySelectorAll("[data-colour]").forEach((button, i) => { button.title = words.inks[i]; button.setAttribute("aria-label", words.inks[i]); });
pad.querySelector(".any span").textContent = words.colour;
pad.querySelector(".brush span").textContent = words.size;

const wipe = () => { paper.fillStyle = ground; paper.fillRect(0, 0, side, side); };
const dot = (x, y) => { paper.fillStyle = colour; paper.fillRect(Math.round(x - (size - 1) / 2), Math.round(y - (size - 1) / 2), size, size); };
const line = (to) => {
  const [a, b] = from || to, [x, y] = to, steps = Math.max(1, Math.abs(x - a), Math.abs(y - b));
  for (let i = 0; i <= steps; i += 1) dot(a + (x - a) * i / steps, b + (y - b) * i / steps);
  from = to;
};
const send = () => trigger("input", { picture: canvas.toDataURL("image/png") });
const remember = () => { past.push(paper.getImageData(0, 0, side, side)); if (past.length > 40) past.shift(); };
const choose = (wanted) => {
  colour = wanted;
  pad.querySelectorAll("[data-colour]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.colour === wanted)));
};

// props.value: { side, ground, picture } as JSON; the same again changes nothing that was painted.
const lay = () => {
  let given = {};
  try { given = JSON.parse(props.value || "{}"); } catch { /* none */ }
  element.hidden = pad.hidden = !given.side;
  if (!given.side || (given.side === side && !given.picture)) return;
  [side, ground, past] = [given.side, given.ground || "#ffffff", []];
  canvas.width = canvas.height = side;
  wipe();
  if (!given.picture) return;
  const picture = new Image();
  picture.onload = () => paper.drawImage(picture, 0, 0, side, side);
  picture.src = given.picture;
};
lay();
watch("value", lay);
choose(pad.querySelector("[data-colour]").dataset.colour);

const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [Math.floor((event.clientX - box.left) * side / box.width), Math.floor((event.clientY - box.top) * side / box.height)];
};
canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  remember();
  from = null;
  line(place(event));
});
canvas.addEventListener("pointermove", (event) => { if (from) line(place(event)); });
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (from) { from = null; send(); } });
canvas.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step && event.key !== " ") return;
  event.preventDefault();
  cursor ??= [side >> 1, side >> 1];
  if (step) cursor = cursor.map((at, i) => Math.max(0, Math.min(side - 1, at + step[i])));
  else { remember(); dot(...cursor); send(); }
  pad.style.setProperty("--x", cursor[0] / side);
  pad.style.setProperty("--y", cursor[1] / side);
  pad.style.setProperty("--dot", 1 / side);
  pad.classList.add("keyed");
});
pad.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.colour) return choose(button.dataset.colour);
  if (button.dataset.tool === "ground") return choose(ground);
  if (button.dataset.tool === "undo") { if (!past.length) return; paper.putImageData(past.pop(), 0, 0); } else { remember(); wipe(); }
  send();
});
pad.querySelector(".any input").addEventListener("input", (event) => { event.stopPropagation(); choose(event.target.value); });
pad.querySelector(".brush input").addEventListener("input", (event) => { event.stopPropagation(); size = Number(event.target.value); });
