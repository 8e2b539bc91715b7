// The pad of draw_pad.js, in the same scope. A recorded stroke moves on it first; once the hand draws, the server's model
// answers.
const follow = element.querySelector(".follow"), answer = element.querySelector(".follow .pixels"), clear = element.querySelector(".wipe");
const frames = Number(follow.dataset.frames), SECONDS = 4, HOLD = 1.2, ROUNDS = 3;
let track = [], sprite = "", reached = 0, own = false;
answer.setAttribute("aria-label", answer.dataset[lang]);
clear.textContent = clear.dataset[lang];
clear.hidden = true;

const recorded = (share) => {
  const end = Math.round(share * (track.length - 1));
  if (end < reached || !reached) { wipe(); reached = 0; }
  from = track[Math.max(0, reached - 1)];
  for (; reached <= end; reached++) line(track[reached]);
  from = null;
  canvas.dataset.used = "";
  frame(answer, Math.round(share * (frames - 1)), frames);
};

const moving = motion({
  load: async () => {
    track = await (await fetch(follow.dataset.stroke)).json();
    sprite = (await picture(follow.dataset.seen)).src;
    answer.style.setProperty("--sprite", `url("${sprite}")`);
  },
  step: (seconds) => {
    const round = SECONDS + HOLD;
    recorded(Math.min(1, seconds % round / SECONDS));
    return seconds < ROUNDS * round;
  },
  rest: () => recorded(1),
});

// The visitor draws, and the pad sends.
const begin = () => {
  moving.end();
  if (own) return;
  own = true;
  clear.hidden = false;
  wipe();
  answer.style.setProperty("--sprite", "none");
  answer.style.backgroundPosition = "0 0";
  answer.style.backgroundSize = "100% 100%";
};
canvas.addEventListener("pointerdown", begin, { capture: true });
clear.addEventListener("click", () => { begin(); canvas.dispatchEvent(new Event("wipe")); answer.style.setProperty("--sprite", "none"); });
watch("value", () => {
  if (!props.value || !props.value.seen) return;
  answer.style.setProperty("--sprite", `url("${props.value.seen}")`);
});
