// The chat page. Reconnecting and rejoining are phoenix.js's own work: this
// file only shows what it says, so the page also shows what any Phoenix client
// would see. Everything received is put on the page as text, never as markup.

import {Presence, Socket} from "/phoenix.mjs";

const MESSAGES_MAX = 500; // a room; older ones leave the page
const MEMBERS_MAX = 30; // shown one by one; the others are a number

const at = (id) => document.getElementById(id);
const rooms = new Map(); // name -> room
let socket = null;
let current = null;
let user = sessionStorage.getItem("user") ?? "";

// -- what a message looks like ----------------------------------------------

/** The same name has the same colour on every page. */
function hueOf(name) {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) % 3600;
  return hash % 360;
}

function paintAvatar(element, name) {
  element.textContent = [...name][0] ?? "?";
  element.style.setProperty("--hue", hueOf(name));
}

/** Other clients may send anything as a message: show it all the same. */
function readMessage(payload, time) {
  const {user, body, at} = Object(payload);
  return {
    user: typeof user === "string" && user ? user : "someone",
    body: typeof body === "string" ? body : JSON.stringify(payload),
    time: Number.isFinite(at) ? new Date(at) : time,
  };
}

function messageElement(message, previous) {
  const item = at("message-template").content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(`.${name}`);
  item.classList.toggle("mine", message.user === user);
  item.classList.toggle("follows", previous?.user === message.user);
  paintAvatar(part("avatar"), message.user);
  part("user").textContent = message.user;
  part("user").style.setProperty("--hue", hueOf(message.user));
  part("body").textContent = message.body;
  if (message.time) {
    const time = item.querySelector("time");
    time.dateTime = message.time.toISOString();
    time.textContent = message.time.toLocaleTimeString([], {
      hour: "2-digit", minute: "2-digit",
    });
  }
  return item;
}

function lineElement(line, previous) {
  if (!line.notice) return messageElement(line, previous);
  const item = document.createElement("li");
  item.className = "notice";
  item.dataset.testid = "notice";
  item.textContent = line.notice;
  return item;
}

/** Who is here: once each, however many pages they have open. */
function showMembers() {
  const {members} = current;
  const items = members.slice(0, MEMBERS_MAX).map(({name, pages, status}) => {
    const item = document.createElement("li");
    item.dataset.testid = "member";
    item.title = `${name}, ${status}` + (pages > 1 ? `, ${pages} pages` : "");
    item.classList.toggle("away", status !== "here");
    const avatar = span("avatar", "");
    avatar.setAttribute("aria-hidden", "true");
    paintAvatar(avatar, name);
    item.append(avatar, span("member-name", name));
    return item;
  });
  if (members.length > MEMBERS_MAX) {
    const more = document.createElement("li");
    more.textContent = `and ${members.length - MEMBERS_MAX} more`;
    items.push(more);
  }
  at("members").replaceChildren(...items);
}

// -- rooms ------------------------------------------------------------------

function addLine(room, line) {
  const previous = room.lines.at(-1);
  room.lines.push(line);
  const tooMany = room.lines.length > MESSAGES_MAX;
  if (tooMany) room.lines.shift();
  if (room !== current) {
    if (!line.notice) room.unread += 1;
    return showRooms();
  }
  const list = at("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const item = lineElement(line, previous);
  item.classList.add("fresh");
  list.append(item);
  if (tooMany) list.firstElementChild.remove();
  if (atEnd || line.user === user) list.scrollTop = list.scrollHeight;
}

function showLines() {
  at("messages").replaceChildren(...current.lines.map(
    (line, i) => lineElement(line, current.lines[i - 1])));
  at("messages").scrollTop = at("messages").scrollHeight;
}

function setRoomState(room, state) {
  room.state = state;
  if (room === current) showState(at("room-state"), state);
}

function showState(element, state) {
  element.dataset.state = state;
  element.textContent = state;
}

function showRooms() {
  at("rooms").replaceChildren(...[...rooms.values()].map((room) => {
    const button = document.createElement("button");
    button.dataset.testid = `room-${room.name}`;
    button.setAttribute("aria-current", String(room === current));
    button.append(span("label", room.name), span("unread", room.unread || ""));
    button.addEventListener("click", () => openRoom(room.name));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

function addRoom(name) {
  if (!rooms.has(name))
    rooms.set(name, {
      name, channel: null, lines: [], members: [], held: null, unread: 0,
      state: "left",
    });
  return rooms.get(name);
}

function openRoom(name) {
  current = addRoom(name);
  current.unread = 0;
  if (!current.channel) joinRoom(current);
  at("room-name").textContent = name;
  at("body").placeholder = `Message #${name}`;
  showState(at("room-state"), current.state);
  showMembers();
  showLines();
  showRooms();
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  at("body").focus();
}

function joinRoom(room) {
  const channel = socket.channel(`rooms:${room.name}`, {user});
  room.channel = channel;
  setRoomState(room, "joining");
  const presence = new Presence(channel);
  presence.onSync(() => {
    if (room.channel !== channel) return;
    room.members = presence.list((name, {metas}) => ({
      name, pages: metas.length, status: String(metas.at(-1).status),
    }));
    if (room === current) showMembers();
  });
  channel.on("new_msg", (payload) => {
    const message = readMessage(payload, new Date());
    if (room.held) room.held.push(message);
    else addLine(room, message);
  });
  channel.onError(() => {
    // Also called when the connection is lost: then the word for it is there
    // already, beside the name.
    if (room.state === "joined" && socket.isConnected())
      addLine(room, {notice: "your channel crashed; joining again"});
    setRoomState(room, "rejoining");
  });
  // These two stay for every later rejoin.
  channel.join()
    .receive("ok", () => joined(room))
    .receive("error", (reply) => {
      setRoomState(room, "refused");
      addLine(room, {notice: `refused: ${reply?.reason ?? "no reason given"}`});
    });
}

function joined(room) {
  const again = room.state === "rejoining";
  setRoomState(room, "joined");
  if (again) addLine(room, {notice: "you are back"});
  // What is said until the history is here comes after it.
  room.held ??= [];
  const history = room.channel.push("history", {});
  history.receive("ok", ({messages}) => showHistory(room, messages));
  for (const status of ["error", "timeout"])
    history.receive(status, () => showHistory(room, []));
}

function showHistory(room, history) {
  const same = (a, b) => a?.user === b?.user && a?.body === b?.body;
  const shown = room.lines.findLast((line) => !line.notice);
  const held = room.held ?? [];
  room.held = null;
  const messages = history.map((payload) => readMessage(payload, null));
  const missed = messages.slice(
    1 + messages.findLastIndex((message) => same(message, shown)));
  // Its end may be what was held.
  let both = Math.min(missed.length, held.length);
  while (both && !missed.slice(-both).every((x, i) => same(x, held[i])))
    both -= 1;
  missed.splice(missed.length - both, both, ...held);
  for (const message of missed) addLine(room, message);
}

function leaveRoom(room) {
  room.channel?.leave();
  Object.assign(room, {channel: null, lines: [], members: [], held: null});
  setRoomState(room, "left");
  showMembers();
  showLines();
  addLine(room, {notice: "you left; choose the room to join again"});
}

// -- connection -------------------------------------------------------------

function connect() {
  let wasOpen = false;
  socket = new Socket("/socket", {params: {user}});
  socket.onOpen(() => {
    wasOpen = true;
    showState(at("connection"), "online");
  });
  const lost = () =>
    showState(at("connection"), wasOpen ? "reconnecting" : "connecting");
  socket.onClose(lost);
  socket.onError(lost);
  socket.connect();
}

/** Under another name: others see the old one leave and the new one join. */
function rejoinAll() {
  for (const room of rooms.values()) {
    if (!room.channel) continue;
    room.channel.leave();
    joinRoom(room);
  }
}

/** A page that nobody looks at says so. */
function sayStatus() {
  const status = document.hidden ? "away" : "here";
  for (const {channel} of rooms.values())
    if (channel?.state === "joined") channel.push("status", {status});
}

function enter(name) {
  const renamed = user && name !== user;
  user = name;
  sessionStorage.setItem("user", user);
  at("my-name").textContent = user;
  paintAvatar(at("my-avatar"), user);
  if (socket) { // a new name is no new connection
    if (renamed) rejoinAll();
    return showLines();
  }
  connect();
  for (const room of ["lobby", "random", "dev"]) addRoom(room);
  openRoom(decodeURIComponent(location.hash.slice(1)) || "lobby");
}

// -- what the user does -----------------------------------------------------

function askName() {
  at("name").value = user;
  at("ask-name").showModal();
}

at("name-form").addEventListener("submit", () => {
  const name = at("name").value.trim();
  if (name) enter(name);
});
// Without a name there is nothing behind the dialog to go back to.
at("ask-name").addEventListener("cancel", (event) => {
  if (!user) event.preventDefault();
});
at("ask-name").addEventListener("close", () => {
  if (!user) askName();
});
at("my-name").addEventListener("click", askName);

at("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = at("body").value.trim();
  if (!body || !current.channel) return;
  current.channel.push("new_msg", {user, body});
  at("body").value = "";
});

at("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  openRoom(at("new-room-name").value.trim());
  at("new-room-name").value = "";
});

at("crash").addEventListener("click", () => {
  at("menu").open = false;
  current.channel?.push("boom", {});
});
at("leave").addEventListener("click", () => {
  at("menu").open = false;
  leaveRoom(current);
});
document.addEventListener("visibilitychange", sayStatus);
document.addEventListener("click", (event) => {
  if (!at("menu").contains(event.target)) at("menu").open = false;
});

if (user) enter(user);
else askName();
