// What this browser keeps of the page, so that a reload, another language, a second tab or a server that was started
// anew find it as it was; and how a result arrives at its place: by a link, from a file, from the history.
// The server keeps nothing of it. All that is read back is checked there by the request's schema.
window.aigcKeep = (() => {
  const FIRST = "aigc.1.", LONGEST = 300_000, ENTRIES = 12, PICTURE = /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/=]+$/;
  const place = window.aigcPlace;
  let forgotten = false;

  // --- The store. A tab of the browser goes on with what it had itself; a new one with what was written last.
  const read = (name, stores = [sessionStorage, localStorage]) => {
    for (const store of stores) try {
      const value = JSON.parse(store.getItem(FIRST + name));
      if (value !== null) return value;
    } catch { /* closed to this page, or no JSON */ }
    return null;
  };
  const write = (name, value) => {
    if (forgotten) return;
    for (const store of [sessionStorage, localStorage]) try {
      if (value === null) store.removeItem(FIRST + name); else store.setItem(FIRST + name, JSON.stringify(value));
    } catch { /* full, or closed: the page works on without */ }
  };
  const forget = () => {
    forgotten = true;
    for (const store of [sessionStorage, localStorage]) try {
      for (const name of Object.keys(store)) if (name.startsWith("aigc.") || name === "aigc_job") store.removeItem(name);
    } catch { /* nothing can have been kept */ }
    location.assign(location.pathname);
  };

  // --- What the widgets of each tab hold: by tab { draft, asking, asked }; asked is { recipe, draft }, for a moment without
  // the recipe, which the server says of a result that is there.
  const kept = {}, unsaved = new Set(), settled = new Set(), first = {}, running = {}, answered = {};
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const of = (task) => {
    if (!kept[task]) { const stored = read(`tab.${task}`); kept[task] = isObject(stored) ? stored : {}; }
    return kept[task];
  };
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const named = (names, values) => Object.fromEntries(names.map((name, i) => [name, values[i]]).filter(([name, value]) => name && value !== null && value !== undefined));
  const save = () => {
    for (const task of unsaved) write(`tab.${task}`, Object.keys(of(task)).length ? of(task) : null);
    unsaved.clear();
  };
  let saving = 0;
  const change = (task, values) => {
    for (const [name, value] of Object.entries(values)) if (value === null) delete of(task)[name]; else of(task)[name] = value;
    unsaved.add(task);
    clearTimeout(saving);
    saving = setTimeout(save, 300);
  };
  addEventListener("pagehide", save);

  let begun = () => {};
  const begins = new Promise((resolve) => { begun = resolve; });
  const opened = (task, names, values) => { first[task] = named(names, values); begun(); };
  const draft = (task, names, values) => {
    const now = named(names, values);
    if (settled.has(task) && !(same(now, first[task]) && !of(task).draft)) change(task, { draft: now });
  };
  const ask = (task, names, values, way) => {
    const { messages, ...asking } = named(names, values);  // a conversation is in the draft
    running[task] = (running[task] || 0) + 1;
    const told = Object.keys(asking).length;  // nothing where a result that is there is kept, once the hand rests
    if (way === task && told && !same(asking, of(task).asking)) change(task, { asking, tries: null });
    save();
  };
  const done = (task, well, way) => {
    running[task] = Math.max(0, (running[task] || 0) - 1);
    answered[task] = of(task).asking;
    if (running[task]) return;
    const { asking, asked, tries } = of(task);
    if (well) change(task, { asking: null, tries: null, asked: (asking ? { draft: asking } : asked) || null });
    else if (tries) change(task, { asking: null, tries: null });
    else change(task, { tries: 1 });  // the server went away, or refused: one more try after a reload
    if (arriving.delete(way) && well) requestAnimationFrame(() => place.reveal(way));
  };

  // --- Arrivals, one after another: the hidden button of a tab asks the server for the updates.
  let turn = Promise.resolve(), count = 0, outgoing = "", came = () => {};
  const send = (task, told) => {
    turn = turn.then(async () => {
      const button = document.getElementById(`arrive-${task}`) || document.querySelector("button[id^=arrive-]"), id = ++count;
      outgoing = JSON.stringify({ id, ...told });
      return new Promise((resolve) => {
        came = (text) => resolve([`${id}`, `${id} still`].indexOf(text) + 1);  // 2: there is nothing to start with
        if (button) button.click(); else resolve(0);
      });
    });
    return turn;
  };
  const arriving = new Set();
  const go = async (task) => {
    arriving.add(task);
    const button = await place.when(() => place.seen(`${task}-go`));
    if (button) requestAnimationFrame(() => button.click());  // a tab is mounted in two steps
  };

  // A recipe, as text or as an object, arrives: its tab opens with it and shows the result.
  const arrive = async (recipe) => {
    const text = typeof recipe === "string" ? recipe : JSON.stringify(recipe);
    let task = "";
    try { task = String(JSON.parse(text).task); } catch { /* the server says so */ }
    settled.add(task);  // what was kept of that tab gives way
    if (await send(/^[a-z]+$/.test(task) ? task : "", { recipe: text }) === 1) await go(task);
  };
  // What the server sent along with its own updates: a recipe to go on with, or the tab that it filled, whose button is to be pressed unless it is to wait.
  let heard = "";
  const told = (text) => {
    if (!text || text === heard) return;
    heard = text;
    const { recipe, task, still } = JSON.parse(text);
    if (recipe) return arrive(recipe);
    settled.add(task);
    if (!still) go(task);
  };

  // --- A tab is opened for the first time: it stands there as it was left, with its last result.
  const restored = new Set();
  const restore = async (task) => {
    if (restored.has(task) || settled.has(task)) return;
    restored.add(task);
    await new Promise((resolve) => setTimeout(resolve, 150));  // another's result may be arriving here
    if (settled.has(task)) return;
    const { draft: left, asking, asked } = of(task);
    if (!left && !asking && !asked) {
      const never = read(`tab.${task}`) === null;
      settled.add(task);
      return never && open(task);
    }
    const hand = lastHand;
    let shown = left;
    if (left && left.messages) {  // a conversation stands there as it was; only what was not answered is
      const waiting = asking && !(left.input && left.input === asking.input);
      shown = waiting ? { ...left, input: "", messages: unanswered(left.messages) } : left;
      if (await send(task, { values: shown }) && asking) await go(task);
    } else if (asking || (asked && !asked.recipe)) {
      shown = asking || asked.draft;
      if (await send(task, { values: shown })) await go(task);
    } else if (asked && await send(asked.recipe.task, { recipe: JSON.stringify(asked.recipe), kept: true })) {
      shown = asked.draft;
      await go(asked.recipe.task);
    } else shown = null;
    if (left && !same(left, shown) && hand === lastHand) {
      const { messages, ...rest } = left;
      await send(task, { values: rest });
    }
    settled.add(task);
  };
  // A tab that this browser has never seen opens with a result, where one is made in an instant; a hand comes first.
  const open = async (task) => {
    const name = window.aigcWords.openings[task], hand = lastHand;
    const button = name && await place.when(() => place.seen(name));
    if (button && hand === lastHand) requestAnimationFrame(() => button.click());  // a tab is mounted in two steps
  };
  const unanswered = (messages) => messages.slice(0, messages.findLastIndex((message) => message.role === "user") + 1);
  let lastHand = 0;
  addEventListener("input", (event) => { if (event.isTrusted) lastHand = event.timeStamp; }, true);

  const start = async () => {
    await begins;
    await place.when(() => place.here() && document.querySelector("button[id^=arrive-]"));
    const query = new URLSearchParams(location.search), link = query.get("recipe"), hash = location.hash.slice(1);
    const opening = hash || read("open") || "";
    const mark = (task) => {
      write("open", task);
      if (location.hash !== `#${task}`) history.replaceState(history.state, "", `${location.pathname}${location.search}#${task}`);
    };
    place.onChange((task) => { mark(task); restore(task); });
    if (link && link !== read("link", [sessionStorage])) {
      try { sessionStorage.setItem(FIRST + "link", JSON.stringify(link)); } catch { /* it arrives again after a reload */ }
      return arrive(link);
    }
    if (opening) await place.go(opening);
    mark(place.here());
    restore(place.here());
  };

  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-arrive], .lesson a[href^='?recipe']");
    const recipe = link && new URLSearchParams(link.search).get("recipe");
    if (!recipe) return;
    event.preventDefault();
    arrive(recipe);
  });

  // --- The history, drawn here; an entry is { recipe, about, thumbnail, words }.
  const fits = (entry) => isObject(entry) && isObject(entry.recipe) && /^[a-z]+$/.test(entry.recipe.task) && typeof entry.about === "string";
  const past = () => { const entries = read("history", [localStorage]); return Array.isArray(entries) ? entries.filter(fits) : []; };
  const cell = (entry, index) => {
    const button = document.createElement("button"), thumb = document.createElement("span"), about = document.createElement("span");
    Object.assign(button, { type: "button", title: entry.about });
    button.dataset.index = index;
    thumb.className = "thumb";
    if (PICTURE.test(entry.thumbnail)) thumb.style.backgroundImage = `url(${entry.thumbnail})`;
    else { thumb.classList.add("words"); thumb.textContent = String(entry.words || ""); }
    about.className = "about";
    about.textContent = entry.about;
    button.append(thumb, about);
    button.addEventListener("click", () => arrive(entry.recipe));
    return button;
  };
  const showHistory = () => {
    const box = document.querySelector("#history .history"), entries = past();
    if (!box) return;
    box.parentElement.hidden = !entries.length;
    box.previousElementSibling.textContent = window.aigcWords.history;
    box.replaceChildren(...entries.map(cell));
  };
  // A result came: it heads the history, and is what its tab shows after a reload.
  const remember = (text) => {
    const { tab, alone, ...entry } = JSON.parse(text);
    change(tab, { asked: alone ? { recipe: entry.recipe, draft: answered[tab] || {} } : null });
    const entries = [entry, ...past().filter((other) => !same(other.recipe, entry.recipe))].slice(0, ENTRIES);
    while (entries.length > 1 && JSON.stringify(entries).length > LONGEST) entries.pop();
    write("history", entries);
    showHistory();
  };
  const latest = () => { const [entry] = past(); return entry ? JSON.stringify(entry.recipe) : ""; };
  addEventListener("storage", (event) => { if (event.key === FIRST + "history") showHistory(); });

  // --- What was drawn on a pad, as the address of a picture.
  const draw = (pad, picture) => write(`drawing.${pad}`, picture && picture.length < 100_000 ? picture : null);
  const drawn = (pad) => { const picture = read(`drawing.${pad}`); return PICTURE.test(picture) ? picture : null; };

  // --- A server that was started anew knows nothing of this page, which therefore loads again; all is as it was then.
  let looked = 0;
  const look = async () => {
    if (document.hidden || Date.now() - looked < 3000 || !window.gradio_config) return;
    looked = Date.now();
    try {
      const answer = await fetch("gradio_api/app_id");
      if (answer.ok && (await answer.json()).app_id !== window.gradio_config.app_id) { save(); location.reload(); }
    } catch { /* away; Gradio says so where it matters */ }
  };
  for (const name of ["focus", "visibilitychange", "pointerdown"]) addEventListener(name, look, true);
  setInterval(look, 20_000);

  start();
  return { arrive, ask, came: (text) => came(text), done, draft, draw, drawn, forget, latest, opened, outgoing: () => outgoing, remember, showHistory, told };
})();
