// A sentence that grows phrase by phrase, and its picture, which comes out of the noise anew with each phrase.
const PACE = 0.14, HOLD = 1.7, ROUNDS = 4;  // seconds of a frame, and of a finished picture
const painting = () => element.querySelector(".painting");
const at = (part, place) => {
  const root = painting(), frames = Number(root.dataset.frames), parts = Number(root.dataset.parts);
  frame(root.querySelector(".pixels"), part * frames + place, parts * frames);
  root.querySelectorAll(".sentence span").forEach((span, i) => {
    span.classList.toggle("unsaid", i > part);
    span.classList.toggle("now", i === part);
  });
};

motion({
  load: async () => {
    const root = painting(), box = root.querySelector(".pixels");
    root.style.setProperty("--sprite", `url("${(await picture(root.dataset.film)).src}")`);
    box.style.backgroundSize = `${100 * root.dataset.frames * root.dataset.parts}% 100%`;
  },
  step: (seconds) => {
    const { frames, parts } = painting().dataset, each = frames * PACE + HOLD, round = each * parts;
    const now = seconds % round, part = Math.floor(now / each);
    at(part, Math.min(frames - 1, Math.floor((now - part * each) / PACE)));
    return seconds < ROUNDS * round;
  },
  rest: () => { const { frames, parts } = painting().dataset; at(parts - 1, frames - 1); },
});
