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
  const ask = event.target.dataset.ask;
  if (ask && !window.confirm(ask)) event.preventDefault();
}, true);

// One box ticks all of a name in its form: <input type="checkbox" data-tick-all="ids">
document.addEventListener("change", (event) => {
  const name = event.target.dataset.tickAll;
  if (name) for (const box of event.target.form.elements[name].length ? event.target.form.elements[name] : [event.target.form.elements[name]]) box.checked = event.target.checked;
});
