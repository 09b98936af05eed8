// Forms are sent once however often they are clicked, and keys can be copied. All works without it.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-once]")) {
    let isSent = false;
    const said = document.createElement("p");
    said.className = "help";
    said.setAttribute("role", "status");
    form.append(said);
    form.addEventListener("submit", (event) => {
      if (isSent) event.preventDefault();
      isSent = true;
      said.textContent = form.dataset.once;
    });
    addEventListener("pageshow", () => { isSent = false; said.textContent = ""; });
  }

  for (const button of document.querySelectorAll("[data-copies-value]")) {
    const field = document.getElementById(button.dataset.copiesValue);
    field.addEventListener("focus", () => field.select());
    if (!navigator.clipboard) continue;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.said;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
})();
