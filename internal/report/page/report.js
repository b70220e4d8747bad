"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (i) => data.strings[i];
  const $ = (id) => document.getElementById(id);
  const pageSize = 50;

  // make builds an element; text is only ever text.
  const make = (tag, props, ...children) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
      if (k === "class") e.className = v;
      else if (k === "text") e.textContent = v;
      else if (v !== undefined) e.setAttribute(k, v);
    }
    for (const c of children) if (c) e.append(c);
    return e;
  };

  // The columns of a grant, as Go writes them.
  const APP = 0, EFFECT = 1, KIND = 2, WHAT = 3, WHYS = 4, REASON = 5, DRIFT = 6, SINCE = 7, COST = 8;
  const people = data.people.map((p) => ({
    label: text(p[0]), small: p[1].map(text), category: data.categories[p[2]], grants: p[3],
    find: (text(p[0]) + " " + p[1].map(text).join(" ")).toLowerCase(),
  }));
  const KEEP = data.effects.findIndex((e) => e.id === "keep");

  const fold = (s) => s.toLowerCase().normalize("NFD").replace(/\p{Diacritic}/gu, "");
  for (const p of people) p.folded = fold(p.find);

  const state = { category: "", page: 0, open: new Set() };
  let shown = [];

  const option = (select, list) => {
    for (const [value, label] of list) select.append(make("option", { value, text: label }));
  };
  option($("app"), data.apps.map((a) => [String(a), text(a)]));
  option($("effect"), data.effects.map((e, i) => [String(i), e.label]).concat([["drift", "Changed outside Tenure"]]));
  option($("kind"), data.kinds.map((k, i) => [String(i), k.label]));
  option($("reason"), data.reasons.map((r) => [String(r[0]), r[1]]));

  // matches keeps the grants that all filters but the person let through.
  const wanted = () => {
    const f = { app: $("app").value, effect: $("effect").value, kind: $("kind").value, reason: $("reason").value };
    f.any = f.app !== "" || f.effect !== "" || f.kind !== "" || f.reason !== "";
    return f;
  };
  const matches = (g, f) =>
    (f.app === "" || g[APP] === Number(f.app)) &&
    (f.effect === "" ? !f.any || g[EFFECT] !== KEEP || f.kind !== "" || f.reason !== "" || f.app !== "" : f.effect === "drift" ? g[DRIFT] > 0 : g[EFFECT] === Number(f.effect)) &&
    (f.kind === "" || g[KIND] === Number(f.kind)) &&
    (f.reason === "" || g[REASON] === Number(f.reason));
  // Somebody is shown for what happens to them; what they keep counts only when it is asked for.
  const counts = (g, f) => matches(g, f) && (f.effect !== "" || g[EFFECT] !== KEEP);

  const filter = () => {
    const words = fold($("person").value).split(/\s+/).filter(Boolean);
    const f = wanted();
    shown = people.filter((p) =>
      (state.category === "" || p.category.id === state.category) &&
      words.every((w) => p.folded.includes(w)) &&
      (!f.any || p.grants.some((g) => counts(g, f))));
    state.page = 0;
    draw();
  };

  const plural = (n, one, many) => (n === 1 ? one : n + " " + many);

  // badges sum up what happens in one cell.
  const badges = (cell, grants) => {
    for (const [i, effect] of data.effects.entries()) {
      const mine = grants.filter((g) => g[EFFECT] === i);
      if (!mine.length) continue;
      if (i === KEEP) {
        cell.append(make("span", { class: "badge keep", text: "keeps " + mine.length }));
        continue;
      }
      for (const [k, kind] of data.kinds.entries()) {
        const n = mine.filter((g) => g[KIND] === k).length;
        if (!n) continue;
        const b = make("span", { class: "badge " + effect.id });
        b.append(make("span", { "aria-hidden": "true", text: effect.sign + " " }), make("span", { class: "vh", text: effect.verb + " " }), plural(n, kind.one, kind.many));
        cell.append(b);
      }
    }
    if (grants.some((g) => g[DRIFT] > 0)) cell.append(make("span", { class: "badge drift", text: "drift" }));
  };

  const details = (p, f) => {
    const box = make("div");
    for (const a of data.apps) {
      const mine = p.grants.filter((g) => g[APP] === a && (!f.any || matches(g, f)));
      if (!mine.length) continue;
      const list = make("ul");
      for (const g of mine) {
        const why = make("div", { class: "why" });
        if (g[DRIFT] > 0) why.append(make("div", {}, make("span", { class: "tag drift", text: "drift" }), text(g[DRIFT])));
        for (const w of g[WHYS]) why.append(make("div", { text: text(w) }));
        if (g[SINCE] > 0) why.append(make("div", { text: "since " + text(g[SINCE]) }));
        const what = make("div", { text: text(g[WHAT]) });
        if (g[COST] > 0) what.append(make("div", { class: "soft", text: text(g[COST]) + " per month" }));
        const effect = data.effects[g[EFFECT]];
        list.append(make("li", {}, make("div", {}, make("span", { class: "badge " + effect.id, text: effect.verb })), what, why));
      }
      box.append(make("h3", { text: text(a) }), list);
    }
    return box;
  };

  const draw = () => {
    const f = wanted();
    const pages = Math.max(1, Math.ceil(shown.length / pageSize));
    state.page = Math.min(state.page, pages - 1);
    const first = state.page * pageSize;
    const rows = document.createDocumentFragment();
    const columns = f.app === "" ? data.apps : data.apps.filter((a) => a === Number(f.app));
    const head = make("tr", {}, make("th", { scope: "col", text: "Person" }));
    for (const a of columns) head.append(make("th", { scope: "col", text: text(a) }));
    $("head").replaceChildren(head);
    for (const p of shown.slice(first, first + pageSize)) {
      const i = people.indexOf(p);
      const open = state.open.has(i);
      const button = make("button", { type: "button", class: "who", "aria-expanded": String(open), "data-person": i, id: "p" + i }, make("b", {}, make("bdi", { text: p.label })), make("span", { class: "tag " + p.category.id, text: p.category.one }));
      if (p.small.length) {
        const small = make("small");
        for (const [k, s] of p.small.entries()) {
          if (k) small.append(" · ");
          small.append(make("bdi", { text: s }));
        }
        button.append(small);
      }
      const row = make("tr", {}, make("th", { scope: "row" }, button));
      for (const a of columns) {
        const cell = make("td", { "data-app": text(a) });
        const mine = p.grants.filter((g) => g[APP] === a && (!f.any || matches(g, f)));
        if (mine.length) badges(cell, mine);
        row.append(mine.length ? cell : make("td"));
      }
      rows.append(row);
      if (open) rows.append(make("tr", { class: "details" }, make("td", { colspan: columns.length + 1 }, details(p, f))));
    }
    $("rows").replaceChildren(rows);
    $("none").hidden = shown.length > 0;
    const range = shown.length ? `${first + 1} to ${Math.min(first + pageSize, shown.length)} of ` : "";
    $("status").textContent = range + (shown.length === 1 ? "1 person" : shown.length + " people") + (shown.length < people.length ? ` (${people.length} in all)` : "");
    $("page").textContent = `Page ${state.page + 1} of ${pages}`;
    $("turn").hidden = pages === 1;
    $("prev").disabled = state.page === 0;
    $("next").disabled = state.page >= pages - 1;
  };

  $("rows").addEventListener("click", (event) => {
    const b = event.target.closest(".who");
    if (!b) return;
    const i = Number(b.dataset.person);
    if (!state.open.delete(i)) state.open.add(i);
    draw();
    $("p" + i).focus({ preventScroll: true });
  });
  const turn = (by) => () => { state.page += by; draw(); $("people").scrollIntoView(); };
  $("prev").addEventListener("click", turn(-1));
  $("next").addEventListener("click", turn(1));
  for (const id of ["app", "effect", "kind", "reason"]) $(id).addEventListener("change", filter);
  let timer = 0;
  $("person").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  const cards = document.querySelectorAll(".card");
  const press = () => { for (const c of cards) c.setAttribute("aria-pressed", String(c.dataset.category === state.category)); };
  for (const c of cards) c.addEventListener("click", () => {
    state.category = state.category === c.dataset.category ? "" : c.dataset.category;
    press();
    filter();
    $("people").scrollIntoView();
  });
  $("clear").addEventListener("click", () => {
    for (const id of ["app", "effect", "kind", "reason", "person"]) $(id).value = "";
    state.category = "";
    press();
    filter();
    $("person").focus();
  });

  // Findings, when there are any: severity, title, where, [lines], waived.
  if (data.findings.length) {
    let page = 0;
    const size = 25;
    option($("severity"), data.severities.map((s) => [s, s]));
    const drawFindings = () => {
      const s = $("severity").value;
      const list = data.findings.filter((x) => s === "" || (s === "waived" ? x[4] : text(x[0]) === s && !x[4]));
      const pages = Math.max(1, Math.ceil(list.length / size));
      page = Math.min(page, pages - 1);
      const rows = document.createDocumentFragment();
      for (const x of list.slice(page * size, page * size + size)) {
        const more = make("td");
        for (const l of x[3]) more.append(make("div", { text: text(l) }));
        const what = make("td", {}, make("b", { text: text(x[1]) }), make("div", { class: "soft", text: text(x[2]) }));
        const tag = make("span", { class: "tag " + (x[4] ? "" : x[5]), text: text(x[0]) + (x[4] ? " (waived)" : "") });
        rows.append(make("tr", {}, make("td", {}, tag), what, more));
      }
      $("frows").replaceChildren(rows);
      $("fstatus").textContent = list.length === 1 ? "1 finding" : list.length + " findings";
      $("fpage").textContent = `Page ${page + 1} of ${pages}`;
      $("fturn").hidden = pages === 1;
      $("fprev").disabled = page === 0;
      $("fnext").disabled = page >= pages - 1;
    };
    $("severity").addEventListener("change", () => { page = 0; drawFindings(); });
    $("fprev").addEventListener("click", () => { page--; drawFindings(); });
    $("fnext").addEventListener("click", () => { page++; drawFindings(); });
    drawFindings();
  }
  press();
  if (people.length) filter();
})();
