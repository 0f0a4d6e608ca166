// Live rows and keys. Every page works without this file.
(() => {
  "use strict";
  const body = document.body;
  const base = body.dataset.base || "";
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  // The server's clock, which may run faster than ours (demo --speed).
  const loaded = Date.now();
  const start = Number(body.dataset.now);
  const rate = Number(body.dataset.rate) / 1000 || 1;
  const now = () => start + (Date.now() - loaded) * rate;
  const units = [[86400e3, "d"], [3600e3, "h"], [60e3, "min"]];
  const ago = (at) => {
    const far = Math.abs(now() - at);
    const ahead = at > now();
    const unit = units.find(([size]) => far >= size);
    if (!unit) return ahead ? "in a moment" : "just now";
    const span = Math.floor(far / unit[0]) + " " + unit[1];
    return ahead ? "in " + span : span + " ago";
  };
  const refresh = () => {
    for (const place of document.querySelectorAll("[data-ago]")) {
      const at = Date.parse(place.closest("time").dateTime);
      if (!Number.isNaN(at)) place.textContent = ago(at);
    }
  };
  setInterval(refresh, Math.max(1000, 20000 / rate));

  // What is new: counted here, shown on request, so that no row moves under a reader's eyes.
  const fresh = $("fresh");
  const lamp = $("lamp");
  const story = $("story");
  const created = new Set();
  const updated = new Set();
  const rowOf = (id) => document.querySelector('[data-id="' + CSS.escape(id) + '"]');
  const tell = () => {
    if (!fresh || created.size + updated.size === 0) return;
    $("fresh-link").href = location.href.split("#")[0];
    fresh.hidden = false;
    if (story) {
      $("fresh-link").textContent = "This story has moved \u2014 show";
      return;
    }
    const parts = [];
    if (created.size) parts.push(created.size + " new");
    if (updated.size) parts.push(updated.size + " updated");
    $("fresh-link").textContent = parts.join(", ") + " \u2014 show";
    document.title = "(" + (created.size + updated.size) + ") Desk \u00b7 copytaster";
  };
  // A hidden page lets go of its stream (a browser has six connections) and goes on exactly where it was.
  let stream = null;
  let last = body.dataset.last;
  const rest = () => {
    if (stream) stream.close();
    stream = null;
    lamp.classList.remove("lamp-live");
  };
  const listen = () => {
    if (stream) return;
    stream = new EventSource(base + "/api/v1/stream?last_event_id=" + encodeURIComponent(last));
    const on = (type, act) => stream.addEventListener(type, (event) => {
      last = event.lastEventId || last;
      const data = JSON.parse(event.data);
      if (story && type !== "gap" && data.cluster !== story.dataset.id) return;
      act(data);
      tell();
    });
    on("cluster.created", (e) => created.add(e.cluster));
    on("cluster.updated", (e) => {
      if (created.has(e.cluster)) return;
      updated.add(e.cluster);
      const row = rowOf(e.cluster);
      if (row) row.classList.add("moved");
    });
    on("cluster.merged", (e) => {
      created.delete(e.cluster);
      if (story) updated.add(e.cluster);
      else updated.delete(e.cluster);
      const row = rowOf(e.cluster);
      if (row) row.classList.add("gone");
    });
    on("cluster.split", (e) => updated.add(e.cluster));
    on("gap", () => updated.add("gap"));
    for (const type of ["article.created", "article.revised", "article.erased"]) on(type, () => {});
    stream.onopen = () => lamp.classList.add("lamp-live");
    stream.onerror = () => lamp.classList.remove("lamp-live");
  };
  if (window.EventSource && lamp) {
    const follow = () => (document.hidden ? rest() : listen());
    follow();
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", rest);
    addEventListener("pageshow", follow);
  }

  // Keys.
  const rows = () => [...document.querySelectorAll(".row")];
  let at = -1;
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    at = Math.min(all.length - 1, Math.max(0, at + step));
    for (const row of all) row.classList.remove("at");
    all[at].classList.add("at");
    all[at].scrollIntoView({ block: "nearest" });
    const link = all[at].querySelector("h2 a, .c-title a");
    if (link) link.focus({ preventScroll: true });
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    o: () => {
      const link = at >= 0 && rows()[at].querySelector("h2 a, .c-go a, .c-title a");
      if (link) link.click();
    },
    u: () => { location.href = base + "/"; },
    ".": () => { if (fresh && !fresh.hidden) $("fresh-link").click(); },
    "/": () => { if ($("q")) $("q").focus(); },
    "?": () => { if ($("keys").open) $("keys").close(); else $("keys").showModal(); },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(input|select|textarea)$/i.test(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
