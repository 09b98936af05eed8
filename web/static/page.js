// Small comforts of every page: keys, copying, clean addresses. Everything works without it.
(() => {
  "use strict";
  const box = document.getElementById("q");
  const keys = { get off() { try { return localStorage.getItem("keys") === "off"; } catch { return false; } } };

  addEventListener("keydown", (event) => {
    if (keys.off || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at.isContentEditable || /^(input|select|textarea)$/i.test(at.tagName)) return;
    if (event.key === "/" && box) { event.preventDefault(); box.focus(); box.select(); }
    if (event.key === "?") location.assign("/help#keyboard");
  });

  for (const button of document.querySelectorAll("[data-copies]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      button.textContent = button.dataset.said;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  const choice = document.getElementById("keys-on");
  if (choice) {
    choice.closest("[hidden]").hidden = false;
    choice.checked = !keys.off;
    choice.addEventListener("change", () => {
      try { localStorage.setItem("keys", choice.checked ? "on" : "off"); } catch { /* not kept */ }
    });
  }

  // Fields left empty stay out of the address, so that it is short enough to share.
  const form = document.querySelector("form.search");
  if (form) {
    const optional = [...form.querySelectorAll("#group, #wait")];
    form.addEventListener("submit", () => { for (const one of optional) one.disabled = !one.value; });
    addEventListener("pageshow", () => { for (const one of optional) one.disabled = false; });
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("#answers .sets:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
})();
