// Texts: arrow keys go from token to token; a chosen token shades what it looks at, where a heat map is shown.
(() => {
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

  // Entry (row, column) of the map's picture, whose opacity is the square root of the weight.
  const opacities = new WeakMap();
  const weight = (figure, row, column) => {
    const picture = figure.querySelector("img"), { naturalWidth: width, naturalHeight: height } = picture;
    if (!opacities.has(figure)) {
      const canvas = new OffscreenCanvas(width, height).getContext("2d");
      canvas.drawImage(picture, 0, 0);
      opacities.set(figure, canvas.getImageData(0, 0, width, height).data);
    }
    return (opacities.get(figure)[4 * (row * width + column) + 3] / 255) ** 2;
  };

  const shade = (article, chosen) => {
    const tab = article.closest("[role=tabpanel]") || document;
    const figure = tab.querySelector(`figure.attention[data-sample="${article.dataset.sample}"]`);
    const offset = figure ? Number(figure.dataset.prompt) : 0, count = figure ? figure.querySelector("img").naturalWidth : 0;
    const row = offset + Number(chosen.dataset.token);
    tab.querySelectorAll(".texts [data-token]").forEach((token) => token.style.removeProperty("--seen"));
    if (row >= count) return;
    article.querySelectorAll("[data-token]").forEach((token) => {
      const column = offset + Number(token.dataset.token);
      if (column <= row) token.style.setProperty("--seen", Math.sqrt(weight(figure, row, column)).toFixed(3));
    });
    show(figure, row, row);
  };

  const show = (figure, row, column) => {
    const sides = [figure.dataset.rows, figure.dataset.columns].map((names) => JSON.parse(names)), cell = figure.querySelector(".cell");
    const [from, to] = [row, column].map((place, side) => Math.max(0, Math.min(sides[side].length - 1, place)));
    cell.hidden = false;
    cell.style.setProperty("--from", from);
    cell.style.setProperty("--to", to);
    Object.assign(figure.dataset, { from, to });
    figure.querySelector("output").textContent = `${sides[0][from]} → ${sides[1][to]}: ${weight(figure, from, to).toFixed(2)}`;
  };

  addEventListener("click", (event) => {
    const chosen = event.target.closest && event.target.closest(".texts [data-token]");
    if (!chosen) return;
    const article = chosen.closest("[data-sample]");
    document.querySelectorAll(".texts [aria-pressed]").forEach((token) => token.removeAttribute("aria-pressed"));
    article.querySelectorAll("[tabindex]").forEach((token) => { token.removeAttribute("tabindex"); token.removeAttribute("role"); });
    chosen.setAttribute("tabindex", "0");
    chosen.setAttribute("role", "button");
    chosen.setAttribute("aria-pressed", "true");
    chosen.focus({ preventScroll: true });
    shade(article, chosen);
  });

  addEventListener("keydown", (event) => {
    const token = event.target.closest && event.target.closest(".texts [data-token]");
    const matrix = event.target.closest && event.target.closest(".attention .matrix");
    if (token && (event.key === "Enter" || event.key === " ")) token.click();
    else if (token && event.key in STEPS) {
      const tokens = [...token.closest("[data-sample]").querySelectorAll("[data-token]")];
      const next = tokens[tokens.indexOf(token) + STEPS[event.key]];
      if (next) next.click();
    } else if (matrix && event.key in STEPS) {
      const figure = matrix.closest("figure"), { from = 0, to = 0 } = figure.dataset, step = STEPS[event.key];
      const down = event.key === "ArrowUp" || event.key === "ArrowDown";
      show(figure, Number(from) + (down ? step : 0), Number(to) + (down ? 0 : step));
    } else return;
    event.preventDefault();
  });

  addEventListener("pointermove", (event) => {
    const square = event.target.closest && event.target.closest(".attention .square");
    if (!square) return;
    const box = square.getBoundingClientRect(), figure = square.closest("figure"), picture = figure.querySelector("img");
    const place = (at, start, length, count) => Math.floor((at - start) / length * count);
    show(figure, place(event.clientY, box.top, box.height, picture.naturalHeight), place(event.clientX, box.left, box.width, picture.naturalWidth));
  });
})();
