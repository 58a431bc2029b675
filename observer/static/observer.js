// The observer's page: sheets as tables. It knows their names where it draws
// one in a way of its own (home, tree); what else there is it shows as it comes.

import {Socket} from "./phoenix.mjs";
import {sparkline, tree} from "./draw.js";

const at = (id) => document.querySelector(`[data-testid="${id}"]`);
const storage = "bennu-observer-token";

const first = ["home", "processes", "activity", "tree", "tables", "sockets", "channels",
  "topics", "presences", "pubsub", "names", "registries", "groups",
  "endpoints", "figures", "reports", "log", "limits", "allocator"];

/** Views of one thing are walked into, not chosen. */
const state = {
  view: "home", about: "", sort: "", reverse: false, paused: false,
  readOnly: true, sheets: [], asked: 0,
};

// -- connecting ---------------------------------------------------------------

let channel = null;
let socket = null;

function enter(token) {
  socket?.disconnect();
  sessionStorage.setItem(storage, token);
  let opened = false;
  socket = new Socket("/observer", {params: {token}});
  socket.onOpen(() => {
    opened = true;
    at("gate").hidden = true;
    show("online");
  });
  socket.onClose(() => show("offline"));
  socket.onError(() => {
    show("offline");
    // A refusal looks like a failure; a node that restarts has a new token.
    at("gate").hidden = false;
    at("refusal").textContent = opened
      ? "The node is gone. A node that made its token itself has a new one."
      : "Not let in: wrong token, no node, or too many viewers.";
  });
  socket.connect();
  channel = socket.channel("observer:node", {});
  channel.join().receive("ok", async (about) => {
    at("node").textContent = about.node;
    document.title = `${about.node} - observer`;
    state.readOnly = about.read_only;
    const {sheets} = await ask("sheets");
    state.sheets = sheets;
    drawViews();
    refresh();
  });
}

function show(text) {
  at("state").textContent = text;
  at("state").classList.toggle("online", text === "online");
}

function ask(event, payload = {}) {
  return new Promise((resolve, reject) => {
    channel.push(event, payload)
      .receive("ok", resolve)
      .receive("error", ({text, reason}) => reject(new Error(text ?? reason)))
      .receive("timeout", () => reject(new Error("no answer in time")));
  });
}

// -- views --------------------------------------------------------------------

function drawViews() {
  const known = state.sheets.filter((x) => !x.about).map((x) => x.name);
  const rest = known.filter((x) => !first.includes(x)).sort();
  const all = first.filter((x) => x === "home" || known.includes(x));
  at("views").replaceChildren(...[...all, ...rest].map((name) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.dataset.testid = `view-${name}`;
    button.onclick = () => go(name);
    if (name === state.view) button.setAttribute("aria-current", "page");
    return button;
  }));
}

function go(view, about = "") {
  if (about) history.pushState({}, "");
  state.before = about ? {view: state.view, about: state.about} : undefined;
  Object.assign(state, {view, about, sort: "", reverse: false});
  at("filter").value = "";
  at("back").hidden = !about;
  for (const act of ["kill", "close"])
    at(act).hidden = state.readOnly || view !== "process";
  at("content").replaceChildren();
  drawViews();
  refresh();
}

function back() {
  const {view, about} = state.before ?? {view: "home", about: ""};
  go(view, about);
}

async function refresh() {
  if (!channel || channel.state !== "joined") return;
  const number = ++state.asked;
  try {
    const asking = questions().map((x) => ask("read", x));
    if (state.view === "home") asking.push(ask("history"));
    const pages = await Promise.all(asking);
    if (number !== state.asked) return; // another view meanwhile
    draw(pages);
  } catch (error) {
    at("notes").textContent = error.message;
    at("notes").classList.add("bad");
  }
}

function questions() {
  if (state.view === "home")
    return ["node", "shards", "endpoints"].map((sheet) => ({sheet, limit: 64}));
  const question = {
    sheet: state.view, about: state.about, filter: at("filter").value,
    limit: state.view === "tree" ? 1000 : Number(at("limit").value),
    reverse: state.reverse,
  };
  if (state.sort) question.sort = state.sort;
  return [question];
}

function notes(pages) {
  const missing = new Set(pages.flatMap((x) => x.missing ?? []));
  const all = pages.flatMap((x) => [x.error, x.note]).filter(Boolean);
  for (const shard of missing)
    all.push(`shard ${shard} does not answer: it is held up`);
  at("notes").classList.toggle("bad", all.length > 0);
  if (!all.length && state.view !== "home")
    all.push(`${pages[0].rows.length} of ${pages[0].seen} rows`);
  at("notes").textContent = all.join("; ");
}

// -- drawing ------------------------------------------------------------------

function draw(pages) {
  notes(pages);
  const content = at("content");
  if (state.view === "home")
    content.replaceChildren(home(pages));
  else if (state.view === "tree")
    content.replaceChildren(tree(pages[0], (pid) => go("process", pid)));
  else
    content.replaceChildren(table(pages[0], true));
}

/** Charts of what the agent has noted, also before this page was open. */
function home([node, shards, endpoints, history]) {
  const charts = document.createElement("div");
  charts.className = "home";
  for (const {name, unit, rate, values} of history.figures) {
    // Processor time in a second is a share of one core.
    const share = rate && unit === "duration";
    const line = sparkline(share ? `${name} %` : rate ? `${name}/s` : name,
      share ? values.map((x) => x / 10) : values,
      (x) => unit === "bytes" ? shown(Math.round(x), unit)
        : x.toLocaleString(undefined, {maximumFractionDigits: 1}));
    line.dataset.testid = `chart-${name}`;
    charts.append(line);
  }
  const box = document.createElement("div");
  box.append(charts, table(shards), table(endpoints), table(node));
  return box;
}

const limits = {
  mailbox: [100, 1000], "run queue": [100, 10_000], queued: [65536, 524288],
  waiting: [100, 10_000], restarts: [1, 3],
};

export function shown(value, kind) {
  if (typeof value !== "number") return value;
  if (kind === "bytes") {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let i = 0;
    while (value >= 1024 && i < 4) value /= 1024, ++i;
    return `${i ? value.toFixed(1) : value} ${units[i]}`;
  }
  if (kind === "duration")
    return value < 0 ? "-" : value < 1000 ? `${value} ms`
      : `${(value / 1000).toFixed(1)} s`;
  return String(value);
}

function table(page, sortable = false) {
  const box = document.createElement("table");
  box.dataset.testid = `sheet-${page.sheet}`;
  const numeric = page.columns.map(({kind}) =>
    ["integer", "bytes", "percent", "duration"].includes(kind));
  const head = box.createTHead().insertRow();
  page.columns.forEach(({name}, i) => {
    const cell = document.createElement("th");
    if (numeric[i]) cell.className = "number";
    if (sortable) {
      const button = document.createElement("button");
      button.textContent = name;
      button.onclick = () => {
        state.reverse = state.sort === name && !state.reverse;
        state.sort = name;
        refresh();
      };
      if (state.sort === name)
        cell.setAttribute("aria-sort",
          state.reverse ? "ascending" : "descending");
      cell.append(button);
    } else {
      cell.textContent = name;
    }
    head.append(cell);
  });
  const body = box.createTBody();
  for (const row of page.rows) {
    const line = body.insertRow();
    row.forEach((value, i) => fill(line.insertCell(), page, i, value,
      numeric[i]));
  }
  return box;
}

function fill(cell, page, i, value, isNumber) {
  const {name} = page.columns[i];
  const {kind} = page.sheet === "node" && /^memory /.test(cell.parentNode
    .firstChild.textContent) ? {kind: "bytes"} : page.columns[i];
  if (isNumber) cell.className = "number";
  const [warm, hot] = limits[name] ?? [Infinity, Infinity];
  if (value >= hot) cell.classList.add("hot");
  else if (value >= warm) cell.classList.add("warm");
  // Text only, never markup: what a node shows may come from anybody.
  const text = shown(value, kind);
  cell.title = text;
  if (/^<\d+\.\d+\.\d+>$/.test(value))
    cell.append(link(text, () => go("process", value)));
  else if (page.sheet === "tables" && name === "name")
    cell.append(link(text, () => go("rows", value)));
  else
    cell.textContent = text;
}

function link(text, act) {
  const a = document.createElement("a");
  a.textContent = text;
  a.tabIndex = 0;
  a.onclick = act;
  a.onkeydown = ({key}) => key === "Enter" && act();
  return a;
}

// -- the rest -----------------------------------------------------------------

at("gate").onsubmit = (event) => {
  event.preventDefault();
  enter(at("token").value.trim());
};
at("back").onclick = back;
at("filter").onchange = refresh;
at("limit").onchange = refresh;
at("pause").onclick = () => {
  state.paused = !state.paused;
  at("pause").textContent = state.paused ? "go on" : "pause";
};
for (const act of ["kill", "close"])
  at(act).onclick = async () => {
    if (!confirm(`${act} ${state.about}?`)) return;
    try {
      await ask(act, {pid: state.about});
      back();
    } catch (error) {
      at("notes").textContent = error.message;
    }
  };

(function tick() {
  if (!state.paused && !document.hidden) refresh();
  setTimeout(tick, Number(at("interval").value));
})();

// A token may come behind the #, which no server gets to see.
const given = location.hash.slice(1) || sessionStorage.getItem(storage);
history.replaceState({}, "", location.pathname);
if (given) enter(given);
else at("gate").hidden = false;
