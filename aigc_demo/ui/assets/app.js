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
})();

// On a phone the result stands far below the button that asks for it.
(() => {
  const views = { "text-go": "text-view", "rewrite-go": "rewrite-tokens", "chat-go": "chat-view", "image-go": "image-sheet", "draw-go": "draw-view", "upscale-go": "upscale-view", "walk-go": "walk-stage", "train-go": "train-head" };
  addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[id$='-go']");
    const view = button && document.getElementById(views[button.id]);
    if (view && view.getBoundingClientRect().top > innerHeight * 0.6) view.scrollIntoView({ block: "start" });
  });
})();
