// A film that plays there and back: one picture holds all frames side by side, moved behind a window.
const stage = element.querySelector(".stage"), now = element.querySelector(".now .pixels");
const count = Number(stage.dataset.frames), fps = Number(stage.dataset.fps), way = 2 * (count - 1), ROUNDS = 5;

motion({
  load: async () => stage.style.setProperty("--sprite", `url("${(await picture(stage.dataset.film)).src}")`),
  step: (seconds) => {
    const at = Math.floor(seconds * fps) % way;
    frame(now, at < count ? at : way - at, count);
    return seconds < ROUNDS * way / fps;
  },
  rest: () => frame(now, Math.floor(count / 2), count),
});
