// The charts of a load, live and in a report. A plain script, since a report
// inlines it: it knows uPlot and nothing else.

const loadColours = ["#2563eb", "#dc2626", "#059669", "#d97706"];

const loadKinds = [
  {id: "users", title: "Simultaneous users", lines: ["users", "connected"]},
  {id: "rates", title: "A second",
    lines: ["joins_per_second", "replies_per_second", "deliveries_per_second"]},
  {id: "latency", title: "Latency, ms (99 of 100)",
    lines: ["join_p99_ms", "reply_p99_ms", "delivery_p99_ms"]},
  {id: "errors", title: "Errors", lines: ["errors"]},
  {id: "cpu", title: "CPU, cores", lines: ["server_cpu", "own_cpu"]},
];

/** Makes the charts inside a node; show() draws samples, all of them. */
function loadCharts(at) {
  const charts = loadKinds.map(({id, title, lines}) => {
    const holder = document.createElement("div");
    holder.dataset.testid = `chart-${id}`;
    at.append(holder);
    const series = lines.map((label, i) =>
      ({label: label.replaceAll("_", " "), stroke: loadColours[i],
        // Wider below, since lines of the same values lie on each other.
        width: 2 * (lines.length - i),
        points: {show: false}}));
    const chart = new uPlot({
      title, width: 560, height: 240, scales: {x: {time: false}},
      series: [{label: "s"}, ...series],
    }, [[], ...lines.map(() => [])], holder);
    return {chart, lines};
  });
  return {
    show(samples) {
      for (const {chart, lines} of charts)
        chart.setData([samples.map((x) => x.at_s),
          ...lines.map((line) => samples.map((x) => x[line]))]);
    },
  };
}

/** The phases of a result as a table, and what held it back. */
function loadSummary(at, result) {
  const add = (to, name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    to.append(made);
    return made;
  };
  add(at, "p", `${result.scenario} on ${result.targets.join(", ")}: ` +
    `${result.ok ? "all well" : `${result.users.errors} errors`}` +
    (result.cut_short ? `, cut short: ${result.cut_short}` : ""))
    .className = result.ok ? "" : "bad";
  const table = add(at, "table", "");
  const head = add(table, "tr", "");
  for (const name of ["phase", "units", "ms", "a second", "server CPU, us each",
    "generator CPU, us each"])
    add(head, "th", name);
  for (const x of result.phases) {
    const row = add(table, "tr", "");
    for (const cell of [`${x.name} (${x.unit})`, x.units, x.took_ms,
      x.per_second, x.server_cpu_us_per_unit ?? "?", x.own_cpu_us_per_unit])
      add(row, "td", cell);
  }
  for (const line of result.limits) add(at, "p", line);
}
