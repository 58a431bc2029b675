// Small drawings, as SVG.

const svgSpace = "http://www.w3.org/2000/svg";

function make(name, attributes, ...children) {
  const element = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The last values of a number, the newest on the right. */
export function sparkline(name, values, words) {
  const width = 220, height = 48;
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values
    .map((y, i) => `${(i * step).toFixed(1)},${
      (height - 2 - (y / most) * (height - 4)).toFixed(1)}`)
    .join(" ");
  const box = document.createElement("div");
  box.className = "chart";
  const now = values.at(-1) ?? 0;
  const title = document.createElement("div");
  title.textContent = `${name}: ${words(now)}`;
  box.append(title, make("svg", {width, height}, make("polyline", {points})));
  return box;
}

/**
 * The supervision tree, from left to right, a line a child. `open` is called
 * with the child that was chosen: {pid, id, parent, state}.
 */
export function tree(page, open) {
  const at = Object.fromEntries(page.columns.map(({name}, i) => [name, i]));
  const line = 24, indent = 190, width = 180, height = 20;
  const rows = page.rows.map((row) => ({
    depth: row[at.depth], id: row[at.id] || row[at.pid], pid: row[at.pid],
    type: row[at.type], state: row[at.state], restarts: row[at.restarts],
    children: row[at.children], note: row[at.note], last: row[at["last exit"]],
    parent: row[at.parent],
  }));
  const deepest = Math.max(0, ...rows.map((x) => x.depth));
  const svg = make("svg", {
    width: (deepest + 1) * indent + 200, height: rows.length * line + 10,
  });
  const parents = [];
  rows.forEach((x, i) => {
    const left = x.depth * indent + 4, top = i * line + 4;
    parents[x.depth] = {left, top};
    const above = parents[x.depth - 1];
    if (x.depth > 0 && above) {
      const from = above.left + 12;
      svg.append(make("path", {
        d: `M${from} ${above.top + height} V${top + height / 2} H${left}`,
      }));
    }
    svg.append(box(x, left, top, width, height, open));
  });
  const holder = document.createElement("div");
  holder.className = "tree";
  holder.dataset.testid = "sheet-tree";
  holder.append(svg);
  return holder;
}

function box(x, left, top, width, height, open) {
  const marks = [x.type, x.state];
  if (x.restarts > 0) marks.push("restarted");
  // Siblings differ at the end.
  let words = x.id.length > 24 ? `…${x.id.slice(-23)}` : x.id;
  if (x.restarts > 0) words += ` ↻${x.restarts}`;
  const title = make("title", {});
  title.textContent = `${x.id} ${x.pid} ${x.state}, ${x.restarts} restarts` +
    (x.last ? `, ended the last time by ${x.last}` : "");
  const text = make("text", {x: left + 6, y: top + 14});
  text.textContent = words;
  const more = make("text", {x: left + width + 6, y: top + 14});
  more.textContent = [x.note, x.last, x.children > 200 ? `${x.children} children` : ""]
    .filter(Boolean).join(", ");
  const group = make("g", {class: marks.join(" "), role: "button", tabindex: 0},
    title, make("rect", {x: left, y: top, width, height}), text, more);
  group.dataset.id = x.id;
  group.onclick = () => open(x);
  group.onkeydown = ({key}) => key === "Enter" && open(x);
  return group;
}
