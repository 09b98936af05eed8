// Forms are sent once however often they are clicked. All works without it.
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
})();
