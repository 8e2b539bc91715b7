// Texts: arrow keys go from token to token; a chosen token shades what it looks at, where a heat map is shown.
window.aigcTokens = {};
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
  aigcTokens.shade = (article, chosen) => {
    const picture = [...(article.closest("[role=tabpanel]") || document).querySelectorAll("figure.attention img")];
    Promise.all(picture.map((image) => image.decode())).then(() => shade(article, chosen), () => {});
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

// Odds are underlined under verse, and under prose where the reader wants it; each browser remembers.
(() => {
  const HERE = { verse: true, prose: false };
  const stored = (kind, value) => {
    try { return value === undefined ? localStorage.getItem(`aigc_odds_${kind}`) : localStorage.setItem(`aigc_odds_${kind}`, value); } catch { return null; }
  };
  const wanted = (kind) => { const value = stored(kind); return value === null ? HERE[kind] : value === "1"; };
  aigcTokens.switches = (root) => Object.keys(HERE).forEach((kind) => {
    const on = wanted(kind);
    root.querySelectorAll(`.texts.switched.${kind}, .legend.${kind}`).forEach((part) => part.classList.toggle("no-odds", !on));
    root.querySelectorAll(`input[data-odds=${kind}]`).forEach((box) => { box.checked = on; });
  });
  addEventListener("change", (event) => {
    const kind = event.target.dataset && event.target.dataset.odds;
    if (!kind) return;
    stored(kind, event.target.checked ? "1" : "0");
    aigcTokens.switches(document);
  });
})();

// The alternatives of a token under another temperature, top-k and top-p; the sliders stay where they are for the next token.
(() => {
  const EXACT = 64, WIDTH = 0.125;
  let settings = [1, 0, 1];

  // What language/odds.py packed: entries [ln p, how many tokens], the likeliest first.
  const unpack = (code) => {
    const bytes = Uint8Array.from(atob(code), (character) => character.charCodeAt(0)).buffer;
    const exact = [...new Float32Array(bytes, 0, EXACT)].filter(Number.isFinite).map((log) => [log, 1]);
    const tail = [...new Uint16Array(bytes, 4 * EXACT)].map((count, bin) => [-(bin + 0.5) * WIDTH, count]);
    return [...exact, ...tail.filter(([, count]) => count)].sort((a, b) => b[0] - a[0]);
  };

  // How many tokens stay, and the sums of their weights and of all weights, where the likeliest weighs 1.
  const cut = (entries, [temperature, k, p]) => {
    const weigh = (log) => temperature ? Math.exp((log - entries[0][0]) / temperature) : Number(log === entries[0][0]);
    const keep = (enough) => {
      let count = 0, sum = 0;
      for (const [log, size] of entries) {
        const weight = weigh(log), some = Math.min(size, enough(count, sum, weight));
        count += some;
        sum += some * weight;
        if (some < size) break;
      }
      return [count, sum];
    };
    const all = keep(() => Infinity), top = k ? keep((count) => k - count) : all, reach = p * top[1];
    const kept = p < 1 ? keep((count, sum, weight) => Math.min(top[0] - count, Math.max(0, Math.ceil((reach - sum) / weight - 1e-9)))) : top;
    return { weigh, count: kept[0], sum: kept[1], total: all[1], tokens: all[0] };
  };

  const percent = (p) => p < 0.0001 ? "<0.01%" : `${(100 * p).toFixed(p >= 0.0995 ? 0 : p >= 0.00995 ? 1 : 2)}%`;

  const reshape = (panel) => {
    const { spread, rest, cut: away, gone } = panel.dataset;
    if (!spread) return;
    const entries = unpack(spread), { weigh, count, sum, total, tokens } = cut(entries, settings);
    const rows = [...panel.querySelectorAll("li")].map((row) => {
      const weight = weigh(row.dataset.rank < EXACT ? entries[row.dataset.rank][0] : Math.log(row.dataset.p));
      const stays = Number(row.dataset.rank) < count;
      return { row, stays, share: stays ? weight / sum : weight / total };
    });
    const longest = Math.max(...rows.map(({ share }) => share));
    rows.forEach(({ row, stays, share }) => {
      row.classList.toggle("gone", !stays);
      row.querySelector(".bar").style.width = `${100 * share / longest}%`;
      row.querySelector(".share").textContent = stays ? percent(share) : gone;
    });
    const others = Math.max(0, 1 - rows.reduce((all, { stays, share }) => all + (stays ? share : 0), 0));
    const lost = tokens - count;
    panel.querySelector(".others").textContent = rest.replace("SHARE", others < 1e-9 ? "0%" : percent(others)) + (lost ? away.replace("COUNT", lost) : "");
    panel.querySelectorAll(".reshape label").forEach((label, index) => {
      label.querySelector("input").value = settings[index];
      label.querySelector("output").textContent = settings[index];
    });
    panel.querySelectorAll("[data-set]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.set === settings.join(" ")));
    });
  };

  const all = () => document.querySelectorAll(".alternatives[data-spread]").forEach(reshape);
  aigcTokens.reshape = (root) => root.querySelectorAll(".alternatives[data-spread]").forEach(reshape);
  addEventListener("input", (event) => {
    const sliders = event.target.closest && event.target.closest(".reshape");
    if (!sliders) return;
    settings = [...sliders.querySelectorAll("input")].map((slider) => Number(slider.value));
    all();
  });
  addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".reshape [data-set]");
    if (!button) return;
    settings = button.dataset.set.split(" ").map(Number);
    all();
  });
})();

// The sheet of all attention heads: which small map is under the hand, and which is shown large.
(() => {
  const size = (tiles) => [Number(tiles.dataset.layers), Number(tiles.dataset.heads)];
  const name = (tiles, [layer, head]) => {
    tiles.closest("figure").querySelector("output").textContent = tiles.dataset.name.replace("LAYER", layer + 1).replace("HEAD", head + 1);
  };
  const mark = (tiles, [layer, head]) => {
    const tile = tiles.querySelector(".tile");
    tile.hidden = false;
    tile.style.setProperty("--layer", layer);
    tile.style.setProperty("--head", head);
    Object.assign(tiles.dataset, { layer, head });
    tiles.closest("figure").querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.layer) === layer && Number(button.dataset.head) === head));
    });
  };
  aigcTokens.tile = (tiles, event) => {
    const box = tiles.getBoundingClientRect(), [layers, heads] = size(tiles);
    const place = (at, start, length, count) => Math.max(0, Math.min(count - 1, Math.floor((at - start) / length * count)));
    return [place(event.clientY, box.top, box.height, layers), place(event.clientX, box.left, box.width, heads)];
  };
  aigcTokens.step = (tiles, key) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (!step) return null;
    const now = [tiles.dataset.layer, tiles.dataset.head].map((place) => Number(place || 0));
    return now.map((place, side) => Math.max(0, Math.min(size(tiles)[side] - 1, place + step[side])));
  };
  // A new large map: mark its small one, and shade the text by it where a token is chosen.
  aigcTokens.markHead = (element) => {
    const tab = element.closest("[role=tabpanel]") || document;
    const figure = tab.querySelector("figure.attention[data-head]"), tiles = tab.querySelector(".heads .tiles");
    if (!figure) return;
    if (tiles) mark(tiles, [Number(figure.dataset.layer), Number(figure.dataset.head)]);
    const chosen = tab.querySelector(".texts [data-token][aria-pressed=true]");
    if (chosen) aigcTokens.shade(chosen.closest("[data-sample]"), chosen);
  };
  addEventListener("pointermove", (event) => {
    const tiles = event.target.closest && event.target.closest(".heads .tiles");
    if (tiles) name(tiles, aigcTokens.tile(tiles, event));
  });
})();
