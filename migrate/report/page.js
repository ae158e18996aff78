(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = n => data.strings[n];
  const byId = name => document.getElementById(name);
  const marks = {ready: "=", blocked: "!", broken: "-", inconclusive: "?"};
  const gravity = {blocked: 0, inconclusive: 1, broken: 2, ready: 3};
  const page = 100;

  const kinds = data.kinds.map(k => ({verdict: text(k[0]), make: text(k[1]), cohort: text(k[2]), cause: text(k[3]), causes: k[4]}));
  kinds.forEach(k => { k.find = [k.verdict, k.make, k.cohort, k.cause].join("\n").toLowerCase(); });
  const rows = data.ids.map((id, n) => ({n, id, label: data.labels[n] || "", kind: kinds[data.kindOf[n]]}));
  rows.forEach(r => { r.find = (r.id + "\n" + r.label).toLowerCase(); });
  const rowOf = new Map();
  rows.forEach(r => { // one car may be listed under several users
    r.key = r.id;
    for (let n = 2; rowOf.has(r.key); n++) r.key = r.id + " (" + n + ")";
    rowOf.set(r.key, r);
  });

  let chosen = rows, limit = page, sort = "", down = false;

  function el(name, attributes, ...children) {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) e.setAttribute(key, value);
    e.append(...children.filter(c => c !== null && c !== ""));
    return e;
  }

  function mark(verdict) {
    const known = marks[verdict] ? " " + verdict : "";
    return el("span", {class: "mark" + known, "aria-hidden": "true"}, marks[verdict] || "·");
  }

  const link = key => "#vehicle=" + encodeURIComponent(key);

  function line(r) {
    const k = r.kind;
    const more = k.causes > 1 ? " and " + (k.causes - 1) + " more" : "";
    return el("tr", {},
      el("td", {}, mark(k.verdict), k.verdict),
      el("td", {}, el("a", {class: "id", href: link(r.key)}, r.id), r.label ? " " + r.label : ""),
      el("td", {}, k.make), el("td", {}, k.cohort), el("td", {}, k.cause + more));
  }

  function draw() {
    byId("rows").replaceChildren(...chosen.slice(0, limit).map(line));
    byId("more").hidden = chosen.length <= limit;
    byId("shown").textContent = chosen.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + (rows.length === 1 ? " vehicle" : " vehicles");
  }

  const keys = {
    verdict: r => gravity[r.kind.verdict] ?? 9, id: r => r.id, make: r => r.kind.make, cohort: r => r.kind.cohort, cause: r => r.kind.cause,
  };

  function choose() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = byId("verdict").value;
    chosen = rows.filter(r => (!verdict || r.kind.verdict === verdict) && words.every(w => r.kind.find.includes(w) || r.find.includes(w)));
    if (sort) {
      const key = keys[sort], sign = down ? -1 : 1;
      chosen.sort((a, b) => { const x = key(a), y = key(b); return x < y ? -sign : x > y ? sign : a.n - b.n; });
    }
    limit = page;
    draw();
  }

  function sortBy(button) {
    down = sort === button.dataset.sort && !down;
    sort = button.dataset.sort;
    document.querySelectorAll("[data-sort]").forEach(b => b.closest("th").removeAttribute("aria-sort"));
    button.closest("th").setAttribute("aria-sort", down ? "descending" : "ascending");
    choose();
  }

  function leg(name, side) {
    const cell = el("td", {class: "leg", role: "cell", "data-leg": name});
    if (!side) { cell.append("–"); return cell; }
    const [value, unit, at, source, error] = side.map(text);
    if (value) cell.append(el("b", {}, value), unit ? " " + unit : "");
    if (error) cell.append(el("span", {class: "error"}, error));
    if (at) cell.append(el("span", {}, at));
    if (source) cell.append(el("span", {}, "from " + source));
    return cell;
  }

  function fieldRows(f) {
    const [name, outcome, legacy, app, note] = f;
    const row = el("tr", {role: "row", class: text(note) ? "has-remark" : ""},
      el("th", {scope: "row", role: "rowheader"}, el("code", {}, text(name))), el("td", {role: "cell", class: text(outcome)}, text(outcome)), leg("legacy", legacy), leg("app", app));
    return text(note) ? [row, el("tr", {role: "row", class: "remark"}, el("td", {role: "cell", colspan: "4"}, text(note)))] : [row];
  }

  function refs(title, list) {
    if (!list.length) return [];
    return [el("h3", {}, title), ...list.map(c => el("p", {class: "note"}, el("code", {}, text(c[0])), " ", [text(c[1]), text(c[2])].filter(Boolean).join(", ")))];
  }

  function fieldTable(fields) {
    if (!fields.length) return [el("p", {class: "quiet"}, "The fields of a ready vehicle are kept with --json-full only.")];
    const head = el("tr", {role: "row"}, ...["Field", "Outcome", "Legacy (v2)", "App (v3)"].map(h => el("th", {scope: "col", role: "columnheader"}, h)));
    return [el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Both legs"},
      el("table", {class: "pairs", role: "table"}, el("thead", {role: "rowgroup"}, head), el("tbody", {role: "rowgroup"}, ...fields.flatMap(fieldRows))))];
  }

  function requests(lists) {
    const rest = ["legacy", "app"].map((name, i) => el("div", {}, el("dt", {}, name), el("dd", {class: "id"}, lists[i].map(text).join(", ") || "none")));
    return [el("h3", {}, "Request ids"), el("dl", {class: "facts"}, ...rest)];
  }

  function body(r) {
    const d = data.details[r.n];
    if (!d) return [el("p", {}, "This vehicle's details are in report.json.")];
    const facts = d.facts.map(f => el("div", {}, el("dt", {}, text(f[0])), el("dd", {}, text(f[1]))));
    return [el("dl", {class: "facts"}, ...facts), ...refs("Causes", d.causes), ...refs("Notes", d.notes),
      el("h3", {}, "Both legs"), ...fieldTable(d.fields), ...requests(d.requests)];
  }

  const sheet = byId("sheet");

  function open(key) {
    const r = rowOf.get(key);
    byId("sheet-title").replaceChildren(...(r ? [mark(r.kind.verdict), r.id] : [key]));
    byId("sheet-body").replaceChildren(...(r ? body(r) : [el("p", {}, "This vehicle is not listed here; look in report.json.")]));
    if (!sheet.open) sheet.showModal();
    sheet.scrollTop = 0;
  }

  function follow() {
    const found = /^#vehicle=(.*)$/.exec(location.hash);
    if (!found) { if (sheet.open) sheet.close(); return; }
    let key = found[1];
    try { key = decodeURIComponent(key); } catch { /* an id with a bare per cent sign: as it stands */ }
    open(key);
  }

  byId("search").addEventListener("input", choose);
  byId("verdict").addEventListener("change", choose);
  byId("more").addEventListener("click", () => { limit += 5 * page; draw(); });
  document.querySelectorAll("[data-sort]").forEach(b => b.addEventListener("click", () => sortBy(b)));
  document.querySelector(".controls").addEventListener("submit", e => e.preventDefault());
  sheet.addEventListener("close", () => { if (location.hash.startsWith("#vehicle=")) history.replaceState(null, "", "#vehicles"); });
  sheet.addEventListener("click", e => { if (e.target === sheet) sheet.close(); });
  window.addEventListener("hashchange", follow);
  byId("list").hidden = false;
  draw();
  follow();
})();
