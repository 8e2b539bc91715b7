// A text that writes itself: every token is in its place from the start, and comes to be seen in its turn.
const here = element.querySelector(".writing"), list = element.querySelector("ol");
const make = (kind, name, text = "") => Object.assign(document.createElement(kind), { className: name, textContent: text });
let tokens = [], spans = [], pace = 0, shown = 0;

const build = (text) => {
  const box = element.querySelector(".texts"), body = make("div", "body");
  box.className = `texts alone ${text.verse ? "verse" : "prose"}`;
  box.lang = text.verse ? "zh" : "en";
  if (text.title) box.append(make("h2", "title", text.title));
  let line = make("p", "");
  line.append(make("span", "given", text.given));
  spans = text.tokens.map((token) => {
    const mark = text.verse && /[，。]/.test(token.text), span = make("span", `token ${token.level}${mark ? " mark" : ""}`, token.text);
    span.title = token.said;
    line.append(span);
    if (mark) { body.append(line); line = make("p", ""); }
    return span;
  });
  if (line.textContent) body.append(line);
  box.append(body);
  tokens = text.tokens;
  pace = text.pace;
};

const rivals = (index) => {
  const rows = tokens[index].rivals, most = Math.max(...rows.map(([, , p]) => p));
  list.replaceChildren(...rows.map(([name, said, p, written]) => {
    const row = make("li", written ? `chosen ${tokens[index].level}` : ""), track = make("span", "track"), bar = make("span", "bar");
    bar.style.width = `${100 * p / most}%`;
    track.append(bar);
    row.append(make("span", "name", name), track, make("span", "share", said), make("span", "written", written ? "✓" : ""));
    return row;
  }));
  spans.forEach((span, at) => span.classList.toggle("now", at === index));
};

const upTo = (count) => {
  spans.forEach((span, at) => span.classList.toggle("unwritten", at >= count));
  if (count) rivals(count - 1);
  shown = count;
};

const odds = (token) => token.rivals.find(([, , , written]) => written)[2];
const unlikeliest = () => tokens.reduce((best, token, at) => odds(token) < odds(tokens[best]) ? at : best, 0);

motion({
  passed: window.aigcSight ? window.aigcSight() : 0,  // it goes on where the first sight of the page is
  load: async () => build(await (await fetch(here.dataset[document.documentElement.lang.startsWith("zh") ? "zh" : "en"])).json()),
  step: (seconds) => {
    const count = Math.min(tokens.length, 1 + Math.floor(seconds / pace));
    if (count !== shown) upTo(count);
    return seconds < pace * (tokens.length + 1);
  },
  rest: () => { upTo(tokens.length); rivals(unlikeliest()); },
});

element.addEventListener("pointerover", (event) => {
  const index = spans.indexOf(event.target);
  if (index >= 0 && shown === tokens.length) rivals(index);
});
