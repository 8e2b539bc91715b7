// What the page does by itself, without asking the server.
(() => {
  // Gradio sets its own title after loading; keep ours, in the visitor's language.
  const words = window.aigcWords || {};
  const title = () => { if (words.title && document.title !== words.title) document.title = words.title; };
  new MutationObserver(title).observe(document.head, { childList: true, subtree: true, characterData: true });
  title();

  // A file dropped anywhere but on an upload field goes to the field that restores settings.
  const overField = (event) => event.target.closest && event.target.closest("[data-testid='image'], .image-container, input[type=file], .upload-container, button.center");
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event) || overField(event)) return document.body.classList.remove("dropping");
    event.preventDefault();
    document.body.dataset.drop = words.drop || "";
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!hasFiles(event) || overField(event)) return;
    event.preventDefault();
    const button = document.getElementById("restore-file");
    const input = button && button.parentElement.querySelector("input[type=file]");
    if (!input) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Gradio gathers messages of a kind in a box; of those that say the same, the last is shown. The box goes once its last
  // has stood long enough to be read, and not under the hand (ui/page/toasts.py gives no message a time of its own).
  const reading = (text) => 6000 + 60 * text.length;
  const leave = (body) => body.matches(":hover, :focus-within") ? (body.leaving = setTimeout(leave, 2000, body)) : body.querySelector(".toast-close")?.click();
  new MutationObserver(() => {
    for (const body of document.querySelectorAll(".toast-body")) {
      const items = [...body.querySelectorAll(".toast-message-item")], texts = items.map((item) => item.textContent);
      items.forEach((item, i) => { item.hidden = texts.indexOf(texts[i], i + 1) > 0; });
      const count = body.querySelector(".toast-count");
      if (count) count.hidden = new Set(texts).size < 2;
      if (!items.length || body.said === items.length) continue;
      body.said = items.length;
      clearTimeout(body.leaving);
      body.leaving = setTimeout(leave, reading(texts.join("")), body);
    }
  }).observe(document.body, { childList: true, subtree: true });
})();
