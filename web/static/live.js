// Fills the rows of a running search as the answers come in. Without it the page has links for that.
(() => {
  "use strict";
  const answers = document.getElementById("answers");
  const rows = document.getElementById("rows");
  const said = document.getElementById("said");
  if (!answers || !answers.dataset.events || !window.EventSource) return;

  const made = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };

  // Rows wait for the sum that belongs to them: both change in one step, and never contradict.
  let waiting = [];
  const put = (html) => {
    const fresh = made(html);
    const old = document.getElementById(fresh.id);
    if (!old) return rows.append(fresh);
    const closed = old.cloneNode(true);
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    for (const one of closed.querySelectorAll("details")) one.open = false;
    if (closed.isEqualNode(fresh)) return;
    fresh.querySelectorAll("details").forEach((one, i) => { one.open = Boolean(open[i]); });
    old.replaceWith(fresh);
  };

  // What is read aloud comes at most every two seconds, and always at the end.
  let words = "", spokenAt = 0, timer = 0;
  const speak = () => { clearTimeout(timer); timer = 0; spokenAt = Date.now(); said.textContent = words; };
  const say = (text, now) => {
    words = text;
    const rest = spokenAt + 2000 - Date.now();
    if (now || rest <= 0) speak();
    else if (!timer) timer = setTimeout(speak, rest);
  };

  let source;
  const listen = () => {
    source = new EventSource(answers.dataset.events);
    document.documentElement.classList.add("live");
    source.addEventListener("row", (event) => { waiting.push(event.data); });
    source.addEventListener("sum", (event) => {
      const sum = JSON.parse(event.data);
      waiting.forEach(put);
      waiting = [];
      document.getElementById("sum").replaceWith(made(sum.html));
      for (const one of answers.querySelectorAll("[data-count]")) {
        const state = one.dataset.count;
        one.textContent = state === "all" ? rows.children.length : sum.counts[state] || 0;
      }
      if (!rows.contains(document.activeElement)) {
        for (const id of sum.order) rows.append(document.getElementById(`m-${id}`));
      }
      document.title = `${sum.title} — ${answers.dataset.network}`;
      say(sum.status, sum.done);
    });
    source.addEventListener("done", () => {
      source.close();
      delete answers.dataset.events;
      for (const one of answers.querySelectorAll("[data-when=done]")) one.hidden = false;
    });
    source.addEventListener("error", () => {
      waiting = []; // whoever comes back hears everything again
      if (source.readyState === EventSource.CLOSED) document.documentElement.classList.remove("live");
    });
  };
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted && answers.dataset.events) listen(); });
  listen();
})();
