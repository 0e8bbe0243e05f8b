"use strict";
const site = JSON.parse(document.getElementById("facts").textContent);
const form = document.forms[0];
const FILTERS = Object.keys(site.filters);
const dark = matchMedia("(prefers-color-scheme: dark)");

// Values as people read them: scripts/formats.py, whose table of units this reads.
const shifted = (number, power) => Number(`${number}e${power}`);
const rounded = (number, decimals) => new Intl.NumberFormat("en-US", {
  minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: true }).format(number);
function valueText(value, unit, compact = false) {
  if (value === null || value === undefined) return "–";
  const form = site.forms[unit] ?? site.other_form;
  let number = shifted(value, form.shift), { decimals, suffix } = form;
  if (compact && !decimals)
    for (const [letter, power] of site.compact_steps)
      if (Math.abs(shifted(number, 3 - power)) >= 999.95) {
        [number, decimals, suffix] = [shifted(number, -power), 1, letter + suffix];
        break;
      }
  decimals ??= Number.isInteger(number) ? 0 : 1;
  const digits = rounded(Math.abs(number), decimals);
  const sign = number < 0 && /[1-9]/.test(digits) ? "−" : "";
  return `${sign}${form.prefix}${digits}${suffix}`;
}
function changeText(change, unit) {
  let text = valueText(change, unit, true);
  if (unit === "ratio") text = text.replace(" %", " pp");
  return text === "–" || text.startsWith("−") || !/[1-9]/.test(text) ? text : `+${text}`;
}

// Months are numbers counted from the site's first.
const monthOf = number => {
  const [year, month] = site.first_month.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + number, 1));
};
const monthText = number => monthOf(number).toLocaleDateString("en-US", { month: "short", year: "numeric", timeZone: "UTC" });
const monthKey = number => monthOf(number).toISOString().slice(0, 7);

// What is chosen stands in the address after #, so that it goes along from page to page.
function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1)), unknown = [];
  for (const select of form.querySelectorAll("select")) {
    const value = asked.get(select.name);
    select.value = value ?? select.dataset.usual;
    if (select.selectedIndex < 0) {
      unknown.push(`${select.labels[0].firstChild.textContent.trim()} “${value}”`);
      select.value = select.dataset.usual;
    }
  }
  return unknown;
}
function writeAddress() {
  const chosen = [...form.querySelectorAll("select")].filter(s => s.value !== s.dataset.usual);
  const address = new URLSearchParams(chosen.map(select => [select.name, select.value])).toString();
  history.replaceState(null, "", `#${address}`);
  for (const link of document.querySelectorAll("nav a:not([href*=dictionary])"))
    link.href = link.getAttribute("href").split("#")[0] + (address ? `#${address}` : "");
}
function selection() {
  const chosen = Object.fromEntries(FILTERS.map(name => [name, form.elements[name].value]));
  chosen.from = Number(form.elements.from.selectedOptions[0].dataset.number);
  chosen.to = Number(form.elements.to.selectedOptions[0].dataset.number);
  return chosen;
}
const IN_MONTHS = {
  period: (month, { from, to }) => from <= month && month <= to,
  before: (month, { from, to }) => from - 1 <= month && month <= to,
  end: (month, { to }, step) => month <= to && month > to - step,
  ahead: month => month > site.last_number,
  always: () => true,
};

/** Rows of a cube for a selection: places in its columns. `split` filters stand beside each other. */
function select(cube, chosen, split, months) {
  const places = cube.filters.map(name => {
    const place = cube.values[name].indexOf(chosen[name]);
    return [cube.columns[name], place, split.includes(name) && chosen[name] === "all"];
  });
  const found = [];
  cube.columns.month.forEach((month, row) => {
    if (!IN_MONTHS[months](month, chosen, cube.step)) return;
    if (places.every(([column, place, beside]) => beside ? column[row] > 0 : column[row] === place)) found.push(row);
  });
  return found.sort((a, b) => cube.columns.month[a] - cube.columns.month[b]);
}
const dimensionOf = (cube, name, row) => cube.labels[name][cube.columns[name][row]];

function chartRows(chart, chosen) {
  const cube = site.cubes[chart.cube], named = [...cube.filters, ...cube.extra];
  return select(cube, chosen, chart.split, chart.months).flatMap(row => {
    const number = cube.columns.month[row], month = monthOf(number).toISOString().slice(0, 10);
    const at = number < chosen.from ? "before" : number === chosen.to ? "last" : "within";
    const dimensions = Object.fromEntries(named.map(name => [name, dimensionOf(cube, name, row)]));
    return Object.entries(chart.series).map(([metric, name]) => {
      const value = cube.columns[metric][row];
      return { month, at, ...dimensions, metric: name, value, text: valueText(value, site.metrics[metric].unit) };
    });
  });
}
function theme(isDark) {
  const ink = isDark ? "#e4e9ee" : "#1d2733", line = isDark ? "#333d47" : "#e3e8ed", quiet = isDark ? "#a7b2bd" : "#53606d";
  return {
    background: "transparent", view: { stroke: null }, font: "system-ui, sans-serif",
    axis: { labelColor: quiet, titleColor: quiet, gridColor: line, domainColor: line, tickColor: line, titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 12, symbolStrokeWidth: 3 },
    text: { fill: ink }, range: { heatmap: isDark ? ["#1f3346", "#7db8ea"] : ["#e8f1f8", "#1f5f99"] },
  };
}
/** What a chart says, for those who don't see it: first and last value of each series. */
function inWords(chart, rows) {
  const cube = site.cubes[chart.cube], series = new Map();
  for (const row of rows) {
    if (row.value === null) continue;
    const name = [row.metric, ...chart.split.map(f => row[f]), ...cube.extra.map(f => row[f])].join(", ");
    series.set(name, [series.get(name)?.[0] ?? row, row]);
  }
  const when = row => new Date(row.month).toLocaleDateString("en-US", { month: "short", year: "numeric", timeZone: "UTC" });
  const said = [...series].slice(0, 8).map(([name, [first, last]]) =>
    first === last ? `${name}: ${last.text} in ${when(last)}` : `${name}: from ${first.text} in ${when(first)} to ${last.text} in ${when(last)}`);
  const more = series.size > 8 ? ` And ${series.size - 8} more.` : "";
  return `${chart.title}. ${said.join("; ")}.${more} All numbers are in the table below.`;
}
function numbers(chart, chosen) {
  const cube = site.cubes[chart.cube], metrics = Object.entries(chart.series);
  const named = [...cube.filters.filter(name => chart.split.includes(name)), ...cube.extra];
  const table = document.createElement("table"), head = table.createTHead().insertRow();
  const cell = (row, tag, text, isNumber) => {
    const made = document.createElement(tag);
    if (tag === "th") made.scope = "col";
    if (isNumber) made.className = "number";
    made.textContent = text;
    row.append(made);
  };
  for (const text of ["month", ...named.map(name => name.replaceAll("_", " "))]) cell(head, "th", text, false);
  for (const [, name] of metrics) cell(head, "th", name, true);
  const body = table.createTBody();
  for (const place of select(cube, chosen, chart.split, chart.months)) {
    const row = body.insertRow();
    cell(row, "td", monthText(cube.columns.month[place]), false);
    for (const name of named) cell(row, "td", dimensionOf(cube, name, place), false);
    for (const [metric] of metrics) cell(row, "td", valueText(cube.columns[metric][place], site.metrics[metric].unit), true);
  }
  return table;
}
/** Which of the set filters are not among those that something is told by. */
function ignored(told, chosen) {
  const without = FILTERS.filter(name => chosen[name] !== "all" && !told.includes(name));
  return without.length ? `Whatever the ${without.map(name => site.filters[name].toLowerCase()).join(" or ")}.`.replace("csm", "CSM") : "";
}
async function drawChart(key, chart, chosen, isDark) {
  const figure = document.getElementById(key), place = figure.querySelector(".chart");
  const rows = chartRows(chart, chosen), isEmpty = rows.every(row => row.value === null);
  figure.querySelector(".unfiltered").textContent = ignored(site.cubes[chart.cube].filters, chosen);
  figure.querySelector(".empty").hidden = !isEmpty;
  place.hidden = isEmpty;
  const details = figure.querySelector("details");
  details.hidden = isEmpty;
  details.querySelector(".scroll").replaceChildren(numbers(chart, chosen));
  if (isEmpty) return;
  place.setAttribute("aria-label", inWords(chart, rows));
  place.style.minHeight = `${place.offsetHeight}px`;
  const specification = { ...chart.specification, data: { name: "rows", values: rows } };
  await vegaEmbed(place.firstElementChild, specification, { renderer: "svg", actions: false, ast: true, config: theme(isDark) });
  place.style.minHeight = "";
}
const STATUS = { on_target: "✓ on target", near_target: "≈ near target", off_target: "✗ off target", no_target: "no target", no_value: "no value" };
function sparkline(values) {
  const low = Math.min(...values), high = Math.max(...values), step = 116 / Math.max(values.length - 1, 1);
  return values.map((value, i) => `${(2 + i * step).toFixed(1)},${(2 + 24 * (high > low ? (high - value) / (high - low) : 0.5)).toFixed(1)}`).join(" ");
}
function showKpi(element, kpi, chosen) {
  const cube = site.cubes[kpi.cube], unit = site.metrics[kpi.metric].unit, column = cube.columns[kpi.metric];
  const series = select(cube, { ...chosen, from: -Infinity }, [], "period");
  const values = new Map(series.map(row => [cube.columns.month[row], column[row]]));
  let last = chosen.to;
  const furthest = kpi.latest ? chosen.from : chosen.to - cube.step + 1;
  while (last > furthest && (values.get(last) ?? null) === null) last--;
  const value = values.get(last) ?? null, before = values.get(last - kpi.before) ?? null;
  const put = (name, text) => { const at = element.querySelector(`.${name}`); if (at) at.textContent = text; };
  const inTable = element.tagName === "TR", ago = kpi.before === 12 ? "in a year" : `in ${kpi.before} months`;
  put("value", valueText(value, unit, true));
  const change = value === null || before === null ? "–" : changeText(value - before, unit);
  put("change", inTable ? change : change === "–" ? "" : `${change} ${ago}`);
  // Targets are set for the company and for segments, never for a region or a team.
  const untold = cube.filters.some(name => name !== "segment" && chosen[name] !== "all");
  const [target, status] = (!untold && kpi.targets[cube.filters.includes("segment") ? chosen.segment : "all"]?.[last]) || [null, "no_target"];
  put("target", target === null ? (inTable ? "–" : "") : inTable ? valueText(target, unit) : `target ${valueText(target, unit)}`);
  const state = element.querySelector(".status");
  state.className = `status ${status}`;
  state.textContent = inTable || status in { on_target: 1, near_target: 1, off_target: 1 } ? STATUS[status] : "";
  put("when", [last === chosen.to ? "" : monthText(last), ignored(cube.filters, chosen)].filter(Boolean).join(" · "));
  const shown = [...values].filter(([month, each]) => each !== null && month > last - 24 && month <= last).map(([, each]) => each);
  element.querySelector("polyline").setAttribute("points", shown.length > 1 ? sparkline(shown) : "");
}
function showFacts(chosen) {
  for (const row of document.querySelectorAll("tr.fact"))
    row.hidden = FILTERS.some(name => name in row.dataset && chosen[name] !== "all" && row.dataset[name] !== chosen[name]);
  for (const body of document.querySelectorAll("tbody:has(tr.fact)")) {
    const card = body.closest(".card"), told = FILTERS.filter(name => name in body.rows[0].dataset);
    card.querySelector(".empty").hidden = Boolean(body.querySelector("tr:not([hidden])"));
    card.querySelector(".unfiltered").textContent = ignored(told, chosen);
  }
}
let drawing = 0;
async function show(isDark = dark.matches, unknown = []) {
  const mine = ++drawing, chosen = selection();
  delete document.body.dataset.drawn;
  const isBackwards = chosen.from > chosen.to;
  document.getElementById("selection").textContent =
    (unknown.length ? `There is no ${unknown.join(" and no ")} (any more), so all are shown. ` : "") +
    (isBackwards ? "The period ends before it begins: choose an earlier “From” or a later “To”." : "");
  document.getElementById("chosen").textContent = [...form.querySelectorAll("select")].map(
    select => `${select.labels[0].firstChild.textContent.trim()}: ${select.selectedOptions[0].text}`).join(" · ");
  for (const element of document.querySelectorAll(".kpi")) showKpi(element, site.kpis[element.dataset.kpi], chosen);
  showFacts(chosen);
  await Promise.all(Object.entries(site.charts).map(([key, chart]) => drawChart(key, chart, chosen, isDark)));
  if (mine === drawing) document.body.dataset.drawn = mine;
}
for (const [name, usual] of [["from", site.usual_from], ["to", site.last_number]]) {
  const select = form.elements[name];
  for (let number = site.last_number; number >= 0; number--) {
    const option = new Option(monthText(number), monthKey(number));
    option.dataset.number = number;
    select.add(option);
  }
  select.dataset.usual = monthKey(usual);
}
for (const name of FILTERS) form.elements[name].dataset.usual = "all";
form.addEventListener("change", () => { writeAddress(); show(); });
form.addEventListener("reset", event => {
  event.preventDefault();
  for (const select of form.querySelectorAll("select")) select.value = select.dataset.usual;
  writeAddress(); show();
});
form.addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", () => { if (location.hash !== "#content") show(dark.matches, readAddress()); });
dark.addEventListener("change", () => show());
addEventListener("beforeprint", () => show(false));
addEventListener("afterprint", () => show());
const unknown = readAddress();
writeAddress();
show(dark.matches, unknown);
