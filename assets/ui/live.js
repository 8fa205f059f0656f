"use strict";
// Fetches a live page again when something happened, at most once a second, and not while somebody types.
(() => {
  const main = document.querySelector("main[data-live]");
  const sign = document.getElementById("live");
  if (!main || !sign) return;
  let due = false, busy = false;
  const typing = () => main.contains(document.activeElement) && document.activeElement.matches("input, select");
  const refresh = async () => {
    if (!due || busy || typing() || document.hidden) return;
    due = false;
    busy = true;
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
        if (fresh && !typing()) main.replaceChildren(...fresh.childNodes);
      }
    } catch {
      due = true;
    }
    busy = false;
  };
  const events = new EventSource("/ui/events");
  events.onopen = () => { sign.textContent = "● live"; };
  events.onerror = () => { sign.textContent = "○ connecting again"; };
  for (const kind of ["decision", "feedback", "rating", "judged", "experiment", "pin", "missed"]) events.addEventListener(kind, () => { due = true; });
  setInterval(refresh, 1000);
})();
