// Keeps what changes by itself fresh: the part of the page that says how many seconds it holds.
// Without this script everything works; one then asks for the page again.
"use strict";
document.querySelector(".menu a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
const live = document.querySelector("[data-live]");
if (live) {
  const pause = Number(live.dataset.live) * 1000;
  const renew = async () => {
    const busy = live.contains(document.activeElement) || document.hidden;
    if (!busy) {
      try {
        const answer = await fetch(location.href, { redirect: "manual", headers: { "x-renew": "1" } });
        if (answer.type === "opaqueredirect") { location.reload(); return; }
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const part = fresh.querySelector("[data-live]");
        if (part && part.innerHTML !== live.innerHTML) { live.replaceChildren(...part.childNodes); }
      } catch { /* the next time */ }
    }
    setTimeout(renew, pause);
  };
  setTimeout(renew, pause);
}
