// The pad of draw_pad.js, in the same scope. A recorded stroke moves on it first; once the hand draws, the server's model
// answers: one question at a time, the next with the newest stroke.
const follow = element.querySelector(".follow"), answer = element.querySelector(".follow .pixels"), clear = element.querySelector(".wipe");
const frames = Number(follow.dataset.frames), SECONDS = 4, HOLD = 1.2, ROUNDS = 3;
let stroke = [], sprite = "", reached = 0, own = false;
answer.setAttribute("aria-label", answer.dataset[lang]);
clear.textContent = clear.dataset[lang];
clear.hidden = true;

const recorded = (share) => {
  const end = Math.round(share * (stroke.length - 1));
  if (end < reached || !reached) { wipe(); reached = 0; }
  from = stroke[Math.max(0, reached - 1)];
  for (; reached <= end; reached++) line(stroke[reached]);
  from = null;
  canvas.dataset.used = "";
  frame(answer, Math.round(share * (frames - 1)), frames);
};

const moving = motion({
  load: async () => {
    stroke = await (await fetch(follow.dataset.stroke)).json();
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

// The visitor draws.
let asked = 0, due = false;
const ask = () => {
  if (asked) return void (due = true);
  due = false;
  asked = setTimeout(answered, 3000); // an answer that never comes holds nothing up
  send();
};
const answered = () => { clearTimeout(asked); asked = 0; if (due) ask(); };
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
canvas.addEventListener("pointermove", () => { if (from) ask(); });
clear.addEventListener("click", () => { begin(); wipe(); delete canvas.dataset.used; answer.style.setProperty("--sprite", "none"); });
watch("value", () => {
  if (!props.value || !props.value.seen) return;
  answer.style.setProperty("--sprite", `url("${props.value.seen}")`);
  answered();
});
