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
  // Where the pages before began: {offset} or {after}.
  pages: [{}], page: null, child: null, node: {},
};

/** As the node's own. */
const rowsMax = 1000, traceMax = 1000, traceSeconds = 60;

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
  channel.on("trace", ({text}) => traced(text));
  channel.on("trace_ended", () => traced("-- no more: trace again"));
  channel.join().receive("ok", async (about) => {
    state.node = about;
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

/** `child`: as which child of a supervisor it was chosen. */
function go(view, about = "", child = null) {
  if (about) history.pushState({}, "");
  state.before = about ? {view: state.view, about: state.about} : undefined;
  Object.assign(state, {view, about, child, sort: "", reverse: false,
    pages: [{}], page: null});
  at("filter").value = "";
  at("back").hidden = !about;
  at("trace").hidden = view !== "process";
  at("level").hidden = view !== "log";
  at("traced").hidden = true;
  for (const act of ["kill", "exit", "close"])
    at(act).hidden = state.readOnly || view !== "process";
  at("terminate_child").hidden = state.readOnly || !child?.parent;
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
    showPaging(pages);
  } catch (error) {
    at("notes").textContent = error.message;
    at("notes").classList.add("bad");
  }
}

function questions() {
  // A node without an endpoint is one, too.
  if (state.view === "home")
    return ["node", "shards", "endpoints"]
      .filter((x) => state.sheets.some(({name}) => name === x))
      .map((sheet) => ({sheet, limit: 64}));
  const question = {
    sheet: state.view, about: state.about, filter: at("filter").value,
    limit: state.view === "tree" ? 1000 : Number(at("limit").value),
    reverse: state.reverse,
  };
  if (state.sort) question.sort = state.sort;
  if (state.view === "log") question.about = at("level").value;
  return [{...question, ...state.pages.at(-1)}];
}

/** Where the next page begins; null when there is none. */
function nextPage() {
  const {page} = state;
  if (!page) return null;
  if (page.more) return {after: page.more};
  const limit = Number(at("limit").value);
  const offset = (state.pages.at(-1).offset ?? 0) + page.rows.length;
  return page.rows.length === limit && offset + limit <= rowsMax
    && page.seen > offset && !state.pages.at(-1).after ? {offset} : null;
}

function showPaging([page]) {
  state.page = ["home", "tree"].includes(state.view) ? null : page;
  at("previous").disabled = state.pages.length < 2;
  at("next").disabled = !nextPage();
}

function firstPage() {
  state.pages = [{}];
  refresh();
}

function notes(pages) {
  const missing = new Set(pages.flatMap((x) => x.missing ?? []));
  const all = pages.flatMap((x) => [x.error, x.note]).filter(Boolean);
  for (const shard of missing)
    all.push(`shard ${shard} does not answer: it is held up`);
  at("notes").classList.toggle("bad", all.length > 0);
  if (!all.length && state.view !== "home")
    all.push(`${pages[0].rows.length} of ${pages[0].seen} rows${
      state.pages.length > 1 ? `, page ${state.pages.length}` : ""}`);
  at("notes").textContent = all.join("; ");
}

// -- drawing ------------------------------------------------------------------

function draw(pages) {
  notes(pages);
  const content = at("content");
  if (state.view === "home")
    content.replaceChildren(home(pages));
  else if (state.view === "tree")
    content.replaceChildren(tree(pages[0], openChild));
  else
    content.replaceChildren(table(pages[0], true));
}

/** Charts of what the agent has noted, also before this page was open. */
function home(pages) {
  const [node, ...others] = pages.slice(0, -1).map((x) => table(x));
  const history = pages.at(-1);
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
  box.append(charts, ...others, node);
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
        firstPage();
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
for (const choice of ["filter", "limit", "level"])
  at(choice).onchange = firstPage;
at("next").onclick = () => {
  const next = nextPage();
  if (!next) return;
  state.pages.push(next);
  refresh();
};
at("previous").onclick = () => {
  if (state.pages.length > 1) state.pages.pop();
  refresh();
};
at("pause").onclick = () => {
  state.paused = !state.paused;
  at("pause").textContent = state.paused ? "go on" : "pause";
};

/** Asks the node to act, and says when it could not. */
async function act(event, payload) {
  try {
    return await ask(event, payload);
  } catch (error) {
    at("notes").textContent = error.message;
    at("notes").classList.add("bad");
    return null;
  }
}

for (const event of ["kill", "close"])
  at(event).onclick = async () => {
    if (confirm(`${event} ${state.about}?`)
      && await act(event, {pid: state.about})) back();
  };
at("exit").onclick = async () => {
  const reason = prompt(`an exit signal to ${state.about}, the reason:`,
    "shutdown");
  if (reason !== null && await act("exit", {pid: state.about, reason})) back();
};

// A child that runs is a process to walk into, one that does not to start.
async function openChild(child) {
  if (child.pid) return go("process", child.pid, child);
  if (state.readOnly || !child.parent) return;
  if (confirm(`restart ${child.id}?`)
    && await act("restart_child", {supervisor: child.parent, id: child.id}))
    refresh();
}
at("terminate_child").onclick = async () => {
  const {parent, id} = state.child;
  if (confirm(`terminate ${id}?`)
    && await act("terminate_child", {supervisor: parent, id})) back();
};

// -- trace and dump -----------------------------------------------------------

at("trace").onclick = async () => {
  at("traced").textContent = "";
  await ask("untrace").catch(() => {}); // one at a time
  if (await act("trace", {pid: state.about, limit: traceMax,
    seconds: traceSeconds})) traced(`-- traced for ${traceSeconds} s`);
};

function traced(text) {
  if (state.view !== "process") return;
  at("traced").hidden = false;
  at("traced").append(`${text}\n`);
}

/** All views, as a file that bennu-observer opens. */
at("dump").onclick = async () => {
  const pages = {};
  for (const {name, about} of state.sheets) {
    const page = !about && await act("read", {sheet: name, limit: rowsMax});
    if (page) pages[name] = page;
  }
  const time = Math.floor(Date.now() / 1000);
  const text = JSON.stringify({bennu_dump: 1,
    about: {...state.node, why: "asked for", time}, sheets: state.sheets,
    history: await act("history", {}), pages});
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  a.download = `bennu-${time}.dump`;
  a.click();
  URL.revokeObjectURL(a.href);
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
