// The viewer's own script: theme, keys, tabs, marks of where arguments come from, search in a site of files.
// It makes nodes and sets their text; what stands in records never becomes markup here.
"use strict";

const root = document.documentElement;

function keptTheme() {
  try { return localStorage.getItem("funcdex-theme"); } catch { return null; }
}

// Before the page is drawn, or it would flash in the other colours.
if (keptTheme()) root.dataset.theme = keptTheme();

function turnTheme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("funcdex-theme", root.dataset.theme); } catch { /* kept for this page alone */ }
}

// Keys: each belongs to an element with `data-key`, which is clicked, or entered if one writes in it.
const writesIn = (element) => element.matches("input, textarea, select");

function rows() { return [...document.querySelectorAll("#site-found:not([hidden]) .row, #results:not([hidden]) .row")]; }

function currentRow() { return document.activeElement && document.activeElement.closest(".row"); }

function moveInList(by) {
  const all = rows();
  const here = all.indexOf(currentRow());
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by];
  if (next) { next.querySelector("a.open").focus(); next.scrollIntoView({ block: "nearest" }); return; }
  const onwards = document.querySelector(`.pager a[rel="${by > 0 ? "next" : "prev"}"]`);
  if (here >= 0 && onwards) onwards.click();
}

function foldAll() {
  const cards = [...document.querySelectorAll(".chat .card")];
  const open = cards.some((card) => !card.open);
  cards.forEach((card) => { card.open = open; });
}

function pressed(key) {
  if (key === "x") return foldAll();
  if ((key === "j" || key === "k") && document.body.classList.contains("list")) return moveInList(key === "j" ? 1 : -1);
  const within = currentRow();
  const target = (within && within.querySelector(`[data-key="${CSS.escape(key)}"]`))
    || document.querySelector(`main :not(.row *)[data-key="${CSS.escape(key)}"]`)
    || document.querySelector(`header [data-key="${CSS.escape(key)}"]`);
  if (!target || (target.closest(".row") && !within)) return false;
  if (writesIn(target)) { target.focus(); target.select && target.select(); } else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape" && writesIn(at)) { at.blur(); return; }
  if (writesIn(at) || document.querySelector("dialog[open]") || event.key.length !== 1) return;
  if (pressed(event.key) !== false) event.preventDefault();
});

// After a decision the row, or the panel, is a new one: the focus goes where it was.
let focusAfter = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  const within = target && document.activeElement && target.contains(document.activeElement);
  if (!within) { focusAfter = null; return; }
  const active = document.activeElement;
  const named = (name, value) => `[${name}="${CSS.escape(value)}"]`;
  const what = active.matches("a.open") ? "a.open"
    : active.value ? named("value", active.value)
    : active.matches("a[href]") ? named("href", active.getAttribute("href")) : null;
  focusAfter = { id: target.id, what };
});
document.addEventListener("htmx:afterSettle", () => {
  if (!focusAfter) return;
  const target = document.getElementById(focusAfter.id);
  const again = target && focusAfter.what && target.querySelector(focusAfter.what);
  if (again) again.focus();
  focusAfter = null;
});
// A refusal is a page's answer too: it says why.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status >= 400) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;
});

function chooseTab(tab, { focus = false } = {}) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
}

function setUpTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  if (!tabs.length) return;
  chooseTab(tabs.find((tab) => tab.hash === location.hash) || tabs[0]);
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", (event) => { event.preventDefault(); chooseTab(tab); });
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (event.key === " ") { event.preventDefault(); chooseTab(tab); }
      if (to === undefined) return;
      event.preventDefault();
      chooseTab(tabs[(to + tabs.length) % tabs.length], { focus: true });
    });
  });
}

// An argument that is pointed at, or focused, lights up the place that it comes from, and its fold opens.
function setUpOrigins() {
  let lit = null;
  const light = (link) => {
    if (lit) lit.classList.remove("lit");
    lit = link ? document.getElementById(link.hash.slice(1)) : null;
    if (lit) lit.classList.add("lit");
  };
  const originOf = (event) => event.target instanceof Element && event.target.closest("a.origin");
  document.addEventListener("mouseover", (event) => light(originOf(event)));
  document.addEventListener("focusin", (event) => light(originOf(event)));
  document.addEventListener("click", (event) => {
    const link = originOf(event);
    const place = link && document.getElementById(link.hash.slice(1));
    if (!place) return;
    event.preventDefault();
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    place.scrollIntoView({ block: "center" });
    place.focus({ preventScroll: true });
    place.classList.add("found");
  });
}

// A site of files: its index comes in parts, each a script that hands over rows, since files fetch nothing.
const site = { rows: [], asked: 0, parts: 0 };
window.funcdexFound = (part) => { site.rows.push(...part); showFound(); };

function loadPart() {
  if (site.asked >= site.parts) return;
  const script = document.createElement("script");
  script.src = `search/${site.asked++}.js`;
  script.addEventListener("load", loadPart);
  document.head.append(script);
}

function showFound() {
  const words = document.getElementById("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = document.getElementById("site-found");
  list.hidden = !words.length;
  document.getElementById("results").hidden = Boolean(words.length);
  if (!words.length) return;
  const found = site.rows.filter((row) => words.every((word) => row.text.includes(word))).slice(0, 200);
  list.replaceChildren(...found.map((row) => {
    const item = document.createElement("li");
    item.className = "row";
    const link = document.createElement("a");
    link.className = "open";
    link.href = row.href;
    link.textContent = row.title;
    const meta = document.createElement("p");
    meta.className = "meta";
    meta.textContent = row.meta;
    item.append(link, meta);
    return item;
  }));
}

function setUpSite() {
  const form = document.getElementById("site-search");
  if (!form) return;
  site.parts = Number(form.dataset.parts);
  form.addEventListener("submit", (event) => event.preventDefault());
  const input = document.getElementById("q");
  input.addEventListener("focus", () => { if (!site.asked) loadPart(); });
  input.addEventListener("input", () => { if (!site.asked) loadPart(); showFound(); });
}

document.addEventListener("DOMContentLoaded", () => {
  root.classList.add("scripted");
  document.getElementById("theme").addEventListener("click", turnTheme);
  document.getElementById("keys").addEventListener("click", () => document.getElementById("help").showModal());
  setUpTabs();
  setUpOrigins();
  setUpSite();
});
