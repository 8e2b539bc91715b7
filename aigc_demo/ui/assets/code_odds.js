// The net of codes over a picture of code_odds.py: the one under the hand, else the chosen one, is told beside it.
let chosen = null;
const net = () => element.querySelector(".code-odds .net");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const percent = (share) => (share >= 0.0995 ? `${Math.round(100 * share)} %` : share >= 0.001 ? `${(100 * share).toFixed(1)} %` : "< 0.1 %");
const node = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });

const bar = (row, share) => {
  const found = node("i", "", "bar");
  found.style.setProperty("--share", share);
  row.append(found);
  return row;
};
const show = (place) => {
  const stage = net()?.parentElement.parentElement;
  if (!stage) return;
  const odds = JSON.parse(stage.dataset.odds), bits = odds.bits[place];
  stage.querySelectorAll(".net i").forEach((cell, i) => cell.classList.toggle("chosen", i === place));
  const where = fill(odds.say.place, { place: place + 1, count: odds.bits.length });
  const cost = fill(odds.say.cost, { bits: bits.toFixed(1), share: percent(2 ** -bits) });
  net().setAttribute("aria-valuenow", place + 1);
  net().setAttribute("aria-valuetext", `${where} ${cost}`);
  stage.querySelector(".cost").replaceChildren(node("b", where), ` ${cost}`);
  const shares = odds.looked[place].map((share, i) => [share, odds.words[i]]).sort((a, b) => b[0] - a[0]);
  stage.querySelector(".looked").replaceChildren(...shares.slice(0, 6).map(([share, word]) => {
    const row = node("li", "");
    row.append(node("span", word));
    bar(row, share).append(node("output", percent(share)));
    return row;
  }));
  const options = [2 ** -bits, ...odds.chances[place]];
  stage.querySelector(".options").replaceChildren(...options.map((share, i) => {
    const row = node("li", ""), patch = node("span", "", "patch");
    patch.style.setProperty("--row", place);
    patch.style.setProperty("--column", i);
    row.append(patch, node("output", percent(share)), node("small", i ? fill(odds.say.other, { rank: i }) : odds.say.drawn));
    return row;
  }));
};
const begin = () => { if (net()) show(chosen = Math.min(chosen ?? 0, net().querySelectorAll("i").length - 1)); };
new MutationObserver((records) => { if (records.some((record) => [...record.addedNodes].some((one) => one.matches?.(".code-odds")))) begin(); })
  .observe(element, { childList: true, subtree: true });
begin();
const cell = (event) => (event.target.matches(".net i") ? [...net().querySelectorAll("i")].indexOf(event.target) : -1);
element.addEventListener("pointerover", (event) => { if (cell(event) >= 0) show(cell(event)); });
element.addEventListener("pointerout", (event) => { if (cell(event) >= 0) show(chosen); });
element.addEventListener("click", (event) => { if (cell(event) >= 0) { show(chosen = cell(event)); net().focus(); } });
element.addEventListener("keydown", (event) => {
  if (event.target !== net()) return;
  const count = net().querySelectorAll("i").length, side = Math.round(Math.sqrt(count));
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -side, ArrowDown: side, Home: -count, End: count }[event.key];
  if (!step) return;
  event.preventDefault();
  show(chosen = Math.min(Math.max(chosen + step, 0), count - 1));
});
