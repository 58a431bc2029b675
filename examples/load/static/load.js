// The live page: what a load sends once a second, drawn.

import {Socket} from "./phoenix.mjs";

const at = (id) => document.querySelector(`[data-testid="${id}"]`);
const kept = 3600;

let samples = [];
const charts = window.loadCharts(at("charts"));

function show() {
  charts.show(samples);
  const last = samples.at(-1);
  if (!last) return;
  at("now").replaceChildren(...["users", "connected", "joined", "errors",
    "joins_per_second", "replies_per_second", "deliveries_per_second"]
    .map((name) => {
      const made = document.createElement("span");
      const number = document.createElement("b");
      number.dataset.testid = name;
      number.textContent = Math.round(last[name]).toLocaleString("en");
      made.append(`${name.replaceAll("_", " ")} `, number);
      return made;
    }));
}

function state(text) {
  at("state").textContent = text;
  at("state").classList.toggle("online", text === "online");
}

const socket = new Socket("/load", {});
socket.onOpen(() => state("online"));
socket.onError(() => state("offline"));
socket.onClose(() => state("offline"));
socket.connect();
const channel = socket.channel("load:figures", {});
channel.on("sample", (x) => {
  samples = [...samples, x].slice(-kept);
  show();
});
channel.join().receive("ok", (past) => {
  samples = past.samples;
  show();
});
