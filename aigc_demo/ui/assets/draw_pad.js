// The drawing pad of draw_pad.py: black ink on white, sent to the server after every stroke.
const canvas = element.querySelector("canvas");
const paper = canvas.getContext("2d");
const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
canvas.setAttribute("aria-label", canvas.dataset[lang]);
canvas.style.setProperty("--hint", JSON.stringify(canvas.dataset[lang]));

const wipe = () => { paper.fillStyle = "#fff"; paper.fillRect(0, 0, canvas.width, canvas.height); };
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
};
wipe();

let from = null;
const line = (to) => {
  paper.strokeStyle = "#000"; paper.lineWidth = 20; paper.lineCap = paper.lineJoin = "round";
  paper.beginPath(); paper.moveTo(...from); paper.lineTo(...to); paper.stroke();
  from = to;
};
const name = element.closest("[id]").id;
const send = () => {
  const drawing = canvas.toDataURL("image/png");
  aigcKeep.draw(name, drawing);
  trigger("input", { drawing });
};

canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault(); canvas.setPointerCapture(event.pointerId); canvas.dataset.used = "";
  from = place(event); line(from);
});
canvas.addEventListener("pointermove", (event) => { if (from) line(place(event)); });
canvas.addEventListener("pointerup", (event) => { if (from) { line(place(event)); from = null; send(); } });
canvas.addEventListener("pointercancel", () => { if (from) { from = null; send(); } });
canvas.addEventListener("wipe", () => { aigcKeep.draw(name, null); wipe(); delete canvas.dataset.used; });

watch("value", () => {
  if (typeof props.value !== "string" || !props.value.startsWith("data:image/")) return;
  const picture = new Image();
  picture.onload = () => {
    wipe(); canvas.dataset.used = "";
    paper.drawImage(picture, (canvas.width - picture.width) / 2, (canvas.height - picture.height) / 2);
  };
  picture.src = props.value;
});

// What this browser drew before a reload.
const drawn = aigcKeep.drawn(name);
if (drawn) {
  const picture = new Image();
  picture.onload = () => { paper.drawImage(picture, 0, 0); canvas.dataset.used = ""; send(); };
  picture.src = drawn;
}
