// Gradio asks for a stream that stays open as long as the page: it gets one that nobody sends, and the server, in its
// place, a sign of life now and then, and one when the page is left (see ui/page/heartbeat.py).
(() => {
  const EVERY = 30_000; // milliseconds; browsers make it a minute in the background
  const ask = window.fetch;
  let address;
  const beat = () => address && ask(address, { method: "POST", keepalive: true }).catch(() => {});
  const leave = () => {
    if (!address) return;
    const left = new URL(address);
    left.searchParams.set("left", "");
    navigator.sendBeacon(left);
  };
  window.fetch = function (resource, options) {
    const url = new URL(resource?.url ?? resource, location.href);
    const method = options?.method ?? resource?.method ?? "GET";
    if (method !== "GET" || !/\/gradio_api\/heartbeat\/\w+$/.test(url.pathname)) return ask.apply(this, arguments);
    address = url;
    beat();
    const timer = setInterval(beat, EVERY);
    const stream = new ReadableStream({
      start(controller) {
        (options?.signal ?? resource.signal)?.addEventListener("abort", () => {
          clearInterval(timer);
          leave();
          address = undefined;
          controller.close();
        });
      },
    });
    return Promise.resolve(new Response(stream, { headers: { "Content-Type": "text/event-stream" } }));
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && beat());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
})();
