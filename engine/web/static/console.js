// What the pages need besides htmx. No inline script runs anywhere (content security policy).
"use strict";

// Where an error page comes back for a part, it is shown: a person must see why nothing happened.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A form that cannot be taken back asks first: <form data-ask="Discard 3 deliveries?">
document.addEventListener("submit", (event) => {
  const ask = event.submitter?.dataset.ask || event.target.dataset.ask;
  if (ask && !window.confirm(ask)) event.preventDefault();
}, true);

// One box ticks all of a name in its form: <input type="checkbox" data-tick-all="ids">
document.addEventListener("change", (event) => {
  const name = event.target.dataset.tickAll;
  if (name) for (const box of event.target.form.elements[name].length ? event.target.form.elements[name] : [event.target.form.elements[name]]) box.checked = event.target.checked;
});

// What a page asks by itself does not keep a session open that nobody sits at.
let touched = Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"]) document.addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
document.addEventListener("htmx:configRequest", (event) => {
  if (Date.now() - touched > 60000) event.detail.headers["x-unattended"] = "1";
});

// Lines that go on by themselves: <div data-stream="/logs/stream">, with <button data-pause> and a place for what to say.
function follow(box) {
  const most = 2000, button = document.querySelector("[data-pause]"), said = document.querySelector("[data-said]");
  let paused = false, waiting = [], begun = false;
  const show = (lines) => {
    const low = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.querySelector(".empty")?.remove();
    box.insertAdjacentHTML("beforeend", lines);
    while (box.childElementCount > most) box.firstElementChild.remove();
    if (low) box.scrollTop = box.scrollHeight;
  };
  // What stands in the page already stays: whoever has the keyboard on a line of it would lose the place.
  const first = (lines) => {
    const read = document.createElement("template");
    read.innerHTML = lines;
    const come = [...read.content.children].map((line) => line.outerHTML), there = [...box.children].map((line) => line.outerHTML);
    let from = 0;
    while (from < there.length && !there.slice(from).every((line, at) => line === come[at])) from += 1;
    if (come.length && from === there.length) box.replaceChildren();
    if (come.length) show(come.slice(there.length - from).join(""));
    box.scrollTop = box.scrollHeight;
  };
  const source = new EventSource(box.dataset.stream);
  source.addEventListener("open", () => { said.textContent = paused ? "Paused." : "Lines come as they are written."; });
  source.addEventListener("first", (event) => {
    if (paused && begun) waiting = [event.data]; else first(event.data);
    begun = true;
  });
  source.addEventListener("lines", (event) => {
    if (!paused) { show(event.data); return; }
    waiting.push(event.data);
    if (waiting.length > most) waiting.shift();
    said.textContent = "Paused; more has come.";
  });
  source.addEventListener("ended", () => { source.close(); said.textContent = "You are signed out: load the page again."; });
  source.addEventListener("error", () => { said.textContent = source.readyState === EventSource.CLOSED ? "This cannot be followed: load the page again." : "The connection is gone; it is tried again."; });
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Continue" : "Pause";
    button.setAttribute("aria-pressed", String(paused));
    said.textContent = paused ? "Paused." : "Lines come as they are written.";
    if (!paused) { waiting.forEach(show); waiting = []; box.scrollTop = box.scrollHeight; }
  });
  window.addEventListener("pagehide", () => source.close());
}
document.querySelectorAll("[data-stream]").forEach(follow);

// How long ago something was goes on by itself, in the words of the pages: <span data-since="1795266144.2">.
function ago(seconds) {
  for (const [limit, unit, word] of [[120, 1, "s"], [7200, 60, "min"], [172800, 3600, "h"]]) if (seconds < limit) return `${Math.round(seconds / unit)} ${word} ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}
setInterval(() => {
  if (!document.hidden) for (const one of document.querySelectorAll("[data-since]")) {
    const text = ago(Math.max(0, Date.now() / 1000 - one.dataset.since));
    if (one.textContent !== text) one.textContent = text;
  }
}, 5000);

// Rows that change by themselves: <tbody data-live="/overview/rows">. Only cells that differ are exchanged, so that focus and selection stay.
function keepLive(body) {
  let source = null;
  const rows = new Map([...body.rows].map((row) => [row.dataset.row, row]));
  const place = (row) => {
    const key = (one) => (one.dataset.needs === "1" ? "0" : "1") + one.dataset.row;
    const next = [...body.rows].find((other) => other !== row && key(other) > key(row));
    if (row.nextElementSibling === (next || null)) return;
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    body.insertBefore(row, next || null);
    focused?.focus({ preventScroll: true });
  };
  const show = (fresh) => {
    const row = rows.get(fresh.dataset.row);
    if (!row) { rows.set(fresh.dataset.row, fresh); body.append(fresh); place(fresh); return; }
    [...fresh.cells].forEach((cell, at) => {
      const old = row.cells[at];
      if (old.className !== cell.className) old.className = cell.className;
      if (old.innerHTML === cell.innerHTML) return;
      const focused = old.contains(document.activeElement);
      old.replaceChildren(...cell.childNodes);
      if (focused) old.querySelector("a")?.focus();
    });
    if (row.dataset.needs !== fresh.dataset.needs) { row.dataset.needs = fresh.dataset.needs; place(row); }
  };
  const listen = () => {
    source = new EventSource(body.dataset.live);
    source.addEventListener("rows", (event) => {
      const box = document.createElement("template");
      box.innerHTML = event.data;
      for (const row of [...box.content.querySelectorAll("tr")]) show(row);
    });
    source.addEventListener("gone", (event) => { for (const name of JSON.parse(event.data)) { rows.get(name)?.remove(); rows.delete(name); } });
    source.addEventListener("engine", (event) => {
      const box = document.querySelector("[data-engine]");
      if (box.innerHTML.trim() !== event.data.trim()) box.innerHTML = event.data;
    });
    source.addEventListener("ended", () => { source.close(); window.location.reload(); });
  };
  // A page that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden) listen();
  });
  window.addEventListener("pagehide", () => source?.close());
  if (!document.hidden) listen();
}
document.querySelectorAll("[data-live]").forEach(keepLive);
