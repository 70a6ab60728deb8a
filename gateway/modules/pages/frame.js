"use strict";

const form = document.querySelector("form");
const button = form.querySelector("button");
const message = document.getElementById("message");

// Reads the secret from the URL's fragment, which is not sent to servers, and removes it from the address bar.
function take() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  form.elements.token.value = token;
  form.elements.token.closest("p").hidden = true;
  for (const link of document.querySelectorAll("a[data-fragment]")) {
    link.href = `./#${new URLSearchParams({ [link.dataset.fragment]: token })}`;
  }
  history.replaceState(null, "", location.pathname);
}

function say(text) {
  message.textContent = text;
  message.focus();
}

async function reason(answer) {
  const problem = await answer.json().catch(() => ({}));
  const faults = (problem.errors || []).filter((each) => each.field !== "token").map((each) => each.message);
  return [problem.detail || "Something went wrong.", ...faults].join(" ");
}

async function send() {
  const answer = await fetch(form.dataset.call, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
    credentials: "omit",
  });
  if (!answer.ok) {
    form.elements.token.closest("p").hidden = false;
    return say(await reason(answer));
  }
  form.hidden = true;
  say(form.dataset.done);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  await send().catch(() => say("Tonegate cannot be reached right now. Please try again."));
  button.disabled = false;
});
addEventListener("hashchange", take);
take();
