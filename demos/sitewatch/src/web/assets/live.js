// Keeps a page up to date. Without it, everything works that is not about "by itself".
"use strict";
(() => {
  document.documentElement.classList.add("scripts");
  const [main, mark, said] = ["main", "live", "said"].map((id) => document.getElementById(id));
  // What is there from the start is not read out; what comes into it is.
  said?.replaceChildren(...said.childNodes);

  // --- Bringing what is shown to what is: nodes stay, and with them focus, scrolling, folds and what was typed. ---

  function morph(from, to) {
    const kept = (name) => name === "open" && from.nodeName === "DETAILS";
    for (const { name, value } of to.attributes) {
      if (!kept(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (!kept(name) && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    const keyed = new Map();
    for (const child of from.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      const key = next.dataset?.key;
      const old = key ? keyed.get(key) : at;
      if (!old || old.nodeName !== next.nodeName || old.dataset?.key !== key) {
        from.insertBefore(next, at);
        continue;
      }
      if (old === at) at = at.nextSibling;
      else from.insertBefore(old, at);
      if (old.nodeType === Node.ELEMENT_NODE) morph(old, next);
      else if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    }
    for (let next; at; at = next) {
      next = at.nextSibling;
      at.remove();
    }
  }

  // --- Asking for the page again: at most twice a second, and once at a time. ---

  let [wanted, busy, latest] = [null, false, 0];

  function show(state, words) {
    if (mark) [mark.dataset.state, mark.textContent] = [state, words];
  }

  function want(part) {
    wanted = wanted === "main" || part === "main" ? "main" : part;
    if (busy) return;
    busy = true;
    setTimeout(refresh, Math.max(0, latest + 500 - Date.now()));
  }

  async function refresh() {
    const part = wanted;
    [wanted, latest] = [null, Date.now()];
    try {
      const answer = await fetch(location.href, { headers: { "X-Fragment": part }, cache: "no-store" });
      // Whoever has to log in again is asked by the page.
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [from, to] = [document, page].map((tree) => tree.getElementById(part));
      const focused = document.activeElement;
      if (from && to) morph(from, to);
      if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
      const title = page.getElementById("main")?.dataset.title;
      if (title) document.title = title;
      if (source?.readyState === EventSource.OPEN) show("on", "Live");
    } catch {
      show("off", "Not up to date");
    } finally {
      busy = false;
      if (wanted) want(wanted);
    }
  }

  // --- Hearing that something has changed. ---

  let [source, again] = [null, 0];

  function listen() {
    source = new EventSource("/events");
    // Something may have happened while nobody listened.
    source.onopen = () => want("main");
    source.onerror = () => {
      show("off", "Reconnecting");
      // One that was refused does not try by itself.
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(listen, 10_000);
    };
    const about = (part) => ({ data }) => {
      const { site } = JSON.parse(data);
      if (!main.dataset.site || !site || site === main.dataset.site) want(part);
    };
    for (const kind of ["run", "settings", "readiness", "lagged"]) source.addEventListener(kind, about("main"));
    source.addEventListener("progress", about(main.dataset.live));
  }

  // A page that nobody sees takes none of the few connections that a browser has.
  function look() {
    clearTimeout(again);
    source?.close();
    if (!document.hidden) listen();
  }

  if (main?.dataset.live) {
    document.addEventListener("visibilitychange", look);
    look();
    setInterval(() => document.hidden || want("main"), 1_000 * main.dataset.every);
  }

  // --- Copying, and going about by keys. ---

  async function copy(button) {
    const words = button.textContent;
    try {
      const text = await (await fetch(button.dataset.copy)).text();
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // Where the page has not come by https, browsers don't let it: the plain text can be copied by hand.
      location.href = button.dataset.copy;
    }
    setTimeout(() => (button.textContent = words), 2_000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { j: 1, k: -1 }[event.key];
    if (event.key === "/") {
      document.querySelector("input[type=search]")?.focus();
    } else if (step) {
      const rows = [...document.querySelectorAll("[data-row]")];
      const here = rows.findIndex((row) => row.contains(document.activeElement));
      const row = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
      row?.querySelector("a, button, summary")?.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
})();
