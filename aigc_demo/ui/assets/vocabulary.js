// What a model can be asked for (vocabulary.py): phrases by slot, a search, a throw of the dice. All of it happens here,
// by the same rules as models/phrases.py; the prompt is told as if it had been typed.
const panel = element.querySelector(".vocabulary");
const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const said = JSON.parse(panel.dataset.words)[lang];
const COMMA = { en: ", ", zh: "，" }, HAN = /[\u3400-\u9fff]/;
const box = () => document.querySelector(panel.dataset.prompt);
let slots = [], patterns = {}, places = {}, live = false;

const bare = (words) => words.toLowerCase().split(/\s+/).join(" ").replace(/^(an?|the) /, "");
const key = (words, tongue) => (tongue === "zh" ? words : bare(words));
const escaped = (words) => words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const learn = (tongue) => {
  const at = new Map();
  slots.forEach((slot, i) => slot.phrases.forEach((phrase, j) => { if (!at.has(key(phrase[tongue], tongue))) at.set(key(phrase[tongue], tongue), [i, j]); }));
  const all = [...at.keys()].sort((a, b) => b.length - a.length).map((words) => words.split(" ").map(escaped).join("\\s+")).join("|") || "(?!)";
  places[tongue] = at;
  patterns[tongue] = tongue === "zh" ? new RegExp(all, "g") : new RegExp(`(?<![\\p{L}\\p{N}_])(?:(?:an?|the)\\s+)?(?:${all})(?![\\p{L}\\p{N}_])`, "giu");
};
const matches = (text, tongue) => [...text.matchAll(patterns[tongue])].map((match) => {
  const [slot, phrase] = places[tongue].get(key(match[0], tongue));
  return { slot, phrase, start: match.index, end: match.index + match[0].length };
});
const found = (text) => {
  const held = {};
  for (const tongue of ["en", "zh"]) for (const { slot, phrase } of matches(text, tongue)) held[slot] ??= phrase;
  return held;
};
const withoutLead = (before, tongue) => {
  const leads = [...new Set([...slots.flatMap((slot) => (slot.leads || []).map((lead) => lead[tongue])), "and", "和"])];
  const all = leads.filter(Boolean).sort((a, b) => b.length - a.length).map(escaped).join("|");
  return before.replace(new RegExp(`(?:[,，、]?\\s*${tongue === "zh" ? "" : "\\b"}(?:${all})\\s*)+$`), tongue === "zh" ? "" : " ");
};
const cut = (text, held, moved, tongue) => {
  if (!held.length) return text;
  for (const { start, end } of [...held].reverse()) text = withoutLead(text.slice(0, start + moved), tongue) + text.slice(end + moved);
  text = text.replace(/\s{2,}/g, " ").replace(/([,，、])\s*(?=[,，、])/g, "");
  if (tongue !== "zh") text = text.replace(/(?:(?<=\s)|^)(and|with|in)\s*(?=[,.]|$)/g, "");
  return text.replace(/^[ ,，、]+|[ ,，、]+$/g, "");
};
const insert = (text, slot, phrase) => {
  for (const tongue of ["en", "zh"]) {
    const held = matches(text, tongue).filter((match) => match.slot === slot), words = slots[slot].phrases[phrase][tongue];
    if (!held.length) continue;
    const { start, end } = held[0];
    return cut(text.slice(0, start) + words + text.slice(end), held.slice(1), words.length - (end - start), tongue);
  }
  const tongue = HAN.test(text) ? "zh" : text.trim() ? "en" : lang, before = text.replace(/[ ,.，。、;；]+$/, "");
  return before + (before && COMMA[tongue]) + slots[slot].phrases[phrase][tongue];
};
const remove = (text, slot) => ["en", "zh"].reduce((rest, tongue) => cut(rest, matches(rest, tongue).filter((match) => match.slot === slot), 0, tongue), text);
const any = (list) => list[Math.floor(Math.random() * list.length)];
const random = () => {
  const others = slots.map((_, i) => i).slice(1).sort(() => Math.random() - 0.5).slice(0, 2 + Math.floor(Math.random() * 3)).sort((a, b) => a - b);
  return others.reduce((text, i) => {
    const lead = (slots[i].leads || [])[0]?.[lang] || "", words = any(slots[i].phrases)[lang];
    return lang === "zh" ? `${text}，${lead}${words}` : lead ? `${text} ${lead} ${words}` : `${text}, ${words}`;
  }, any(slots[0].phrases)[lang]);
};

const write = (text) => {
  const area = box();
  if (!area) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
};

// What stands there: slots that open one at a time, or what a search finds in all of them.
const make = (tag, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
};
const chip = (i, j) => {
  const words = slots[i].phrases[j][lang];
  const node = make("button", { type: "button", textContent: lang === "zh" ? words : words.replace(/^(an?|the) /, "") });
  [node.dataset.slot, node.dataset.phrase] = [i, j];
  return node;
};
const build = () => {
  const search = make("input", { type: "search", placeholder: said.search });
  search.setAttribute("aria-label", said.search);
  const dice = make("button", { type: "button", id: panel.dataset.dice, className: "dice", textContent: said.random });
  const count = make("p", { className: "count" });
  count.setAttribute("role", "status");
  const hits = make("div", { className: "chips hits", hidden: true });
  hits.setAttribute("role", "group");
  const list = make("div", { className: "slots" }, ...slots.map((slot, i) => {
    const chips = make("div", { className: "chips" }, ...slot.phrases.map((_, j) => chip(i, j)));
    chips.setAttribute("role", "group");
    chips.setAttribute("aria-label", slot.name[lang]);
    const fold = make("details", {}, make("summary", {}, make("b", { textContent: slot.name[lang] }), make("span")), chips);
    fold.setAttribute("name", "vocabulary");
    return fold;
  }));
  panel.replaceChildren(make("p", { className: "note", textContent: said.title }), make("div", { className: "top" }, search, dice), count, hits, list);
  search.addEventListener("input", (event) => { event.stopPropagation(); look(search.value); });
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); hits.querySelector("button")?.click(); } });
};
const look = (query) => {
  const wanted = query.trim().toLowerCase(), hits = panel.querySelector(".hits"), list = panel.querySelector(".slots"), count = panel.querySelector(".count");
  hits.hidden = !wanted;
  list.hidden = Boolean(wanted);
  const all = wanted ? slots.flatMap((slot, i) => slot.phrases.flatMap((phrase, j) =>
    [phrase.en, phrase.zh, slot.name.en, slot.name.zh].some((words) => words.toLowerCase().includes(wanted)) ? [chip(i, j)] : [])) : [];
  hits.replaceChildren(...all);
  count.textContent = wanted ? (all.length ? said.hits.replace("{count}", all.length) : said.none) : "";
  follow();
};
// The pressed chips are those that the prompt names, whoever wrote it.
const follow = () => {
  const held = found(box()?.value || "");
  for (const node of panel.querySelectorAll("[data-phrase]")) node.setAttribute("aria-pressed", String(held[node.dataset.slot] === Number(node.dataset.phrase)));
  panel.querySelectorAll("details").forEach((fold, i) => {
    const words = held[i] === undefined ? "" : slots[i].phrases[held[i]][lang];
    fold.querySelector("summary span").textContent = lang === "zh" ? words : words.replace(/^(an?|the) /, "");
    fold.classList.toggle("held", Boolean(words));
  });
};

// Where the picture is out of sight, as on a phone, it is seen in a corner while the hand presses phrases.
const SECONDS = 6, peek = make("img", { className: "peek", alt: "", hidden: true });
let touched = 0, looking = 0;
element.append(peek);
const glance = () => {
  const shown = document.querySelector(`${panel.dataset.view} img`), box = shown?.getBoundingClientRect();
  const away = box && (box.top > innerHeight - 40 || box.bottom < 40), over = performance.now() - touched > 1000 * SECONDS;
  if (over || !element.isConnected) { clearInterval(looking); looking = 0; }
  peek.hidden = over || !away;
  if (!peek.hidden && peek.src !== shown.src) peek.src = shown.src;
};
const watchPicture = () => { touched = performance.now(); looking ||= setInterval(glance, 200); };
peek.addEventListener("click", () => document.querySelector(panel.dataset.view).scrollIntoView({ behavior: "smooth", block: "center" }));

const lay = () => {
  let given = {};
  try { given = JSON.parse(props.value || "{}"); } catch { /* none */ }
  slots = given.slots || [];
  live = Boolean(given.live);
  panel.hidden = !slots.length;
  for (const tongue of ["en", "zh"]) learn(tongue);
  if (!slots.length) return panel.replaceChildren();
  build();
  follow();
};
lay();
watch("value", lay);

panel.addEventListener("click", (event) => {
  const node = event.target.closest("button");
  if (!node) return;
  if (live) watchPicture();
  if (node.matches(".dice")) return write(random());
  const [slot, phrase] = [Number(node.dataset.slot), Number(node.dataset.phrase)], text = box()?.value || "";
  write(node.getAttribute("aria-pressed") === "true" ? remove(text, slot) : insert(text, slot, phrase));
});
// Typed, pasted, dictated or pressed: the hand is at work. What the server writes is told by `aigc-prompt` and is none of the hand.
const hear = (event) => {
  if (!element.isConnected) return document.removeEventListener("input", hear);
  if (event.target !== box()) return;
  follow();
  if (live) setTimeout(() => trigger("input"));  // once the page has the new text, too
};
document.addEventListener("input", hear);
const told = () => (element.isConnected ? setTimeout(follow) : removeEventListener("aigc-prompt", told));
addEventListener("aigc-prompt", told);
