// What the page does by itself, without asking the server.
(() => {
  // Gradio sets its own title after loading; keep ours, in the visitor's language.
  const title = () => { if (window.aigcTitle && document.title !== window.aigcTitle) document.title = window.aigcTitle; };
  new MutationObserver(title).observe(document.head, { childList: true, subtree: true, characterData: true });
  title();

  // A file dropped anywhere but on an upload field goes to the field that restores settings.
  const overField = (event) => event.target.closest && event.target.closest("[data-testid='image'], .image-container, input[type=file], .upload-container, button.center");
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event) || overField(event)) return document.body.classList.remove("dropping");
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!hasFiles(event) || overField(event)) return;
    event.preventDefault();
    const input = document.querySelector("#restore-file input[type=file], input#restore-file, #restore-file ~ input[type=file]");
    if (!input) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
