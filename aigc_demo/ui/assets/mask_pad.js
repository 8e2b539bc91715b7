// The pad of mask_pad.py: a picture, and over it a canvas on which strokes mark what is to be drawn anew.
// Strokes are kept as points, so that undo is to draw all but the last; the server gets the mask after each.
const pad = element.querySelector(".mask-pad"), photo = pad.querySelector("img"), canvas = pad.querySelector("canvas");
const sheet = canvas.getContext("2d"), brush = pad.querySelector("input[type=range]");
const words = JSON.parse(pad.dataset.words)[document.documentElement.lang.startsWith("zh") ? "zh" : "en"];
const INK = "#D9432B";
let strokes = [], tool = "paint", line = null;

pad.querySelectorAll("[data-tool]").forEach((button) => { button.textContent = words[button.dataset.tool]; });
pad.querySelector(".drop").textContent = words.drop;
pad.querySelector("label span").textContent = words.size;
canvas.setAttribute("aria-label", words.name);

const draw = ({ kind, size, points }) => {
  sheet.globalCompositeOperation = { paint: "source-over", erase: "destination-out", invert: "source-out" }[kind];
  sheet.fillStyle = sheet.strokeStyle = INK;
  if (kind === "invert") return sheet.fillRect(0, 0, canvas.width, canvas.height);
  sheet.lineWidth = size;
  sheet.lineCap = sheet.lineJoin = "round";
  sheet.beginPath();
  points.forEach(([x, y], i) => (i ? sheet.lineTo(x, y) : sheet.moveTo(x, y)));
  if (points.length === 1) sheet.lineTo(points[0][0] + 0.01, points[0][1]);
  sheet.stroke();
};

const redraw = () => {
  sheet.globalCompositeOperation = "source-over";
  sheet.clearRect(0, 0, canvas.width, canvas.height);
  strokes.forEach(draw);
};

// The mask as the server wants it: white where there is ink, black elsewhere; nothing where there is no ink.
const mask = () => {
  if (!sheet.getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 === 3 && value)) return "";
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const paper = copy.getContext("2d");
  for (const [operation, colour] of [["source-over"], ["source-in", "#fff"], ["destination-over", "#000"]]) {
    paper.globalCompositeOperation = operation;
    if (!colour) { paper.drawImage(canvas, 0, 0); continue; }
    paper.fillStyle = colour;
    paper.fillRect(0, 0, copy.width, copy.height);
  }
  return copy.toDataURL("image/png");
};
const send = () => trigger("input", { mask: mask() });

const choose = (name) => {
  tool = name;
  for (const key of ["paint", "erase"])
    pad.querySelector(`[data-tool=${key}]`).setAttribute("aria-pressed", String(key === name));
};
choose("paint");

const lay = () => {
  const source = typeof props.value === "string" ? props.value : "";
  const known = canvas.dataset.source === source;
  canvas.dataset.source = source;
  pad.classList.toggle("full", Boolean(source));
  if (known) return;
  strokes = [];
  if (!source) { photo.removeAttribute("src"); return; }
  photo.onload = () => { pad.classList.toggle("pixels-shown", photo.naturalWidth <= 64); [canvas.width, canvas.height] = [photo.naturalWidth, photo.naturalHeight]; redraw(); };
  photo.src = source.split("#")[0];
};
lay();
watch("value", lay);

const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
};
canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  line = { kind: tool, size: brush.value / 100 * Math.max(canvas.width, canvas.height), points: [place(event)] };
  strokes.push(line);
  redraw();
});
canvas.addEventListener("pointermove", (event) => { if (line) { line.points.push(place(event)); redraw(); } });
for (const end of ["pointerup", "pointercancel"])
  canvas.addEventListener(end, () => { if (line) { line = null; send(); } });

pad.addEventListener("click", (event) => {
  if (event.target.closest(".drop")) return input()?.click();
  const button = event.target.closest("[data-tool]");
  if (!button) return;
  const name = button.dataset.tool;
  if (name === "paint" || name === "erase") return choose(name);
  if (name === "undo") strokes.pop();
  else if (name === "clear") strokes = [];
  else strokes.push({ kind: "invert" });
  redraw();
  send();
});

// A picture dropped on the pad goes to its own upload button, and not to the page, which would look for settings in it.
const input = () => document.querySelector(`#${element.id || element.closest("[id]").id}-open`)?.parentElement.querySelector("input[type=file]");
pad.addEventListener("dragover", (event) => {
  if (!event.dataTransfer || ![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  event.stopPropagation();
  document.body.classList.remove("dropping");
});
pad.addEventListener("drop", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const target = input();
  if (!target || !event.dataTransfer.files.length) return;
  target.files = event.dataTransfer.files;
  target.dispatchEvent(new Event("change", { bubbles: true }));
});
