// Public modes: a text that is copied from a result takes the words of its label along.
(() => {
  const LABEL = "\n（AI 生成 / AI-generated）", RESULTS = "#text-view, #chat-view, #rewrite-tokens, #exhibit-write";
  const inResult = (node) => node && (node.nodeType === 1 ? node : node.parentElement)?.closest(RESULTS);

  addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!inResult(selection.anchorNode) || !String(selection)) return;
    event.clipboardData.setData("text/plain", selection + LABEL);
    event.preventDefault();
  });

  // The copy buttons of the conversation write by themselves.
  let pressed = null;
  addEventListener("click", (event) => { pressed = event.target; }, true);
  if (!navigator.clipboard) return;
  const write = navigator.clipboard.writeText.bind(navigator.clipboard);
  navigator.clipboard.writeText = (text) => write(inResult(pressed) ? text + LABEL : text);
})();
