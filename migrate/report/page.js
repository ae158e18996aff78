(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = n => data.strings[n];
  const byId = name => document.getElementById(name);
  const marks = {ready: "=", blocked: "!", broken: "-", inconclusive: "?"};
  const gravity = {blocked: 0, inconclusive: 1, broken: 2, ready: 3};
  const page = 100, mostOptions = 1000, none = "(none)";

  const idOf = data.wide ? n => data.ids[0].slice(n * data.wide, (n + 1) * data.wide) : n => data.ids[n];
  const kinds = data.kinds.map((k, n) => ({verdict: text(k[0]), make: text(k[1]), cohort: text(k[2]), cause: text(k[3]), causes: k[4], keys: data.causeOf[n].map(c => data.causes[c].key)}));
  kinds.forEach(k => { k.find = [k.verdict, k.make, k.cohort, k.cause].join("\n").toLowerCase(); });
  const rows = data.kindOf.map((kind, n) => ({n, id: idOf(n), label: data.labels[n] || "", kind: kinds[kind]}));
  rows.forEach(r => { r.key = r.id; });

  // What is not needed to show the list is made when it is.
  function once(make) {
    let made;
    return () => made ?? (made = make());
  }
  const searchable = once(() => rows.map(r => (r.id + "\n" + r.label).toLowerCase()));
  const rowOf = once(() => {
    const byKey = new Map();
    rows.forEach(r => { // one car may be listed under several users
      for (let n = 2; byKey.has(r.key); n++) r.key = r.id + " (" + n + ")";
      byKey.set(r.key, r);
    });
    return byKey;
  });

  let chosen = rows, limit = page, sort = "", down = false;

  // What is chosen stands in the address, so that it can be sent: #verdict=blocked&make=TESLA&sort=id&vehicle=…
  const controls = {q: byId("search"), verdict: byId("verdict"), make: byId("make"), cohort: byId("cohort"), cause: byId("cause")};
  const isState = /^#(q|verdict|make|cohort|cause|sort|down|vehicle)=/;

  function unescaped(value) {
    try { return decodeURIComponent(value); } catch { return value; } // an id with a bare per cent sign: as it stands
  }

  function stateOf(hash) {
    const state = {};
    if (!isState.test(hash)) return state;
    for (const part of hash.slice(1).split("&")) {
      const at = part.indexOf("=");
      if (at > 0) state[part.slice(0, at)] = unescaped(part.slice(at + 1));
    }
    return state;
  }

  function hashOf(vehicle) {
    const state = Object.entries(controls).map(([name, control]) => [name, control.value]).concat([["sort", sort], ["down", sort && down ? "1" : ""], ["vehicle", vehicle || ""]]);
    return "#" + state.filter(([, value]) => value).map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");
  }

  const remember = () => history.replaceState(null, "", hashOf("") === "#" ? "#vehicles" : hashOf(""));

  function fill(control, options) {
    options.forEach(([value, name]) => { const o = el("option", {}, name); o.value = value; control.append(o); });
    control.closest("label").hidden = options.length < 2;
  }

  // A value from the address that no vehicle has is shown, so that nobody wonders why the list is empty.
  function put(control, value) {
    control.value = value;
    if (control.value === value || !control.options) return;
    const o = el("option", {}, value);
    o.value = value;
    control.append(o);
    control.value = value;
    control.closest("label").hidden = false;
  }

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

  function line(r) {
    const k = r.kind;
    const more = k.causes > 1 ? " and " + (k.causes - 1) + " more" : "";
    return el("tr", {},
      el("td", {}, mark(k.verdict), k.verdict),
      el("td", {}, el("a", {class: "id", href: hashOf(r.key)}, r.id), r.label ? " " + r.label : ""),
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
    const words = controls.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [verdict, make, cohort, cause] = ["verdict", "make", "cohort", "cause"].map(name => controls[name].value);
    kinds.forEach(k => {
      k.in = (!verdict || k.verdict === verdict) && (!make || (k.make || none) === make) && (!cohort || (k.cohort || none) === cohort) && (!cause || k.keys.includes(cause));
      k.open = words.filter(w => !k.find.includes(w)); // what the row itself must hold
    });
    const find = words.length ? searchable() : [];
    chosen = rows.filter(r => r.kind.in && r.kind.open.every(w => find[r.n].includes(w)));
    if (sort) {
      const key = keys[sort], sign = down ? -1 : 1;
      chosen.sort((a, b) => { const x = key(a), y = key(b); return x < y ? -sign : x > y ? sign : a.n - b.n; });
    }
    limit = page;
    draw();
  }

  function markSort() {
    document.querySelectorAll("[data-sort]").forEach(b => {
      if (b.dataset.sort === sort) b.closest("th").setAttribute("aria-sort", down ? "descending" : "ascending");
      else b.closest("th").removeAttribute("aria-sort");
    });
  }

  function sortBy(button) {
    down = sort === button.dataset.sort && !down;
    sort = button.dataset.sort;
    markSort();
    choose();
    remember();
  }

  function reset() {
    Object.values(controls).forEach(control => { control.value = ""; });
    sort = ""; down = false;
    markSort();
    choose();
    remember();
    controls.q.focus();
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
    const verdict = el("div", {}, el("dt", {}, "verdict"), el("dd", {}, r.kind.verdict));
    return [el("dl", {class: "facts"}, verdict, ...facts), ...refs("Causes", d.causes), ...refs("Notes", d.notes),
      el("h3", {}, "Both legs"), ...fieldTable(d.fields), ...requests(d.requests)];
  }

  const sheet = byId("sheet");

  function open(key) {
    const r = rowOf().get(key);
    byId("sheet-title").replaceChildren(...(r ? [mark(r.kind.verdict), r.id] : [key]));
    byId("sheet-body").replaceChildren(...(r ? body(r) : [el("p", {}, "This vehicle is not listed here; look in report.json.")]));
    if (!sheet.open) sheet.showModal();
    byId("sheet-title").focus();
    sheet.scrollTop = 0;
  }

  function follow() {
    const state = stateOf(location.hash);
    if (!isState.test(location.hash)) { if (sheet.open) sheet.close(); return; }
    const names = Object.keys(state);
    if (names.some(name => name !== "vehicle")) {
      for (const [name, control] of Object.entries(controls)) put(control, state[name] || "");
      sort = keys[state.sort] ? state.sort : "";
      down = sort !== "" && state.down === "1";
      markSort();
      choose();
    }
    if ("vehicle" in state) { open(state.vehicle); return; }
    if (sheet.open) sheet.close();
    byId("vehicles").scrollIntoView();
  }

  const options = name => [...new Set(kinds.map(k => k[name] || none))].sort().slice(0, mostOptions).map(value => [value, value]);
  fill(controls.make, options("make"));
  fill(controls.cohort, options("cohort"));
  fill(controls.cause, data.causes.filter(c => c.key).map(c => [c.key, c.name]));
  controls.q.addEventListener("input", choose);
  controls.q.addEventListener("change", remember); // not on every key: browsers limit how often an address may change
  ["verdict", "make", "cohort", "cause"].forEach(name => controls[name].addEventListener("change", () => { choose(); remember(); }));
  byId("reset").addEventListener("click", reset);
  byId("more").addEventListener("click", () => { limit += 5 * page; draw(); });
  document.querySelectorAll("[data-sort]").forEach(b => b.addEventListener("click", () => sortBy(b)));
  document.querySelector(".controls").addEventListener("submit", e => e.preventDefault());
  sheet.addEventListener("close", () => { if ("vehicle" in stateOf(location.hash)) remember(); });
  sheet.addEventListener("click", e => { if (e.target === sheet) sheet.close(); });
  window.addEventListener("hashchange", follow);
  byId("list").hidden = false;
  draw();
  follow();
  setTimeout(() => { rowOf(); if (rows.some(r => r.key !== r.id)) draw(); });
})();
