// The data_visualization block: line, area, bar and pie charts as SVG, with a legend, a read-out that follows the pointer
// and the arrow keys, and the same numbers as a table.

import { h, replace, svg, uniqueId } from "./dom.js";

// The drawing's size in its own units, which are close to pixels on either screen.
const wide = { width: 560, height: 220, left: 46, right: 14, top: 12, bottom: 30 };
const small = { width: 300, height: 190, left: 34, right: 8, top: 10, bottom: 28 };

/** Draws a data_visualization block. */
export function chart(block, view) {
  const data = block.chart ?? {};
  const title = typeof block.title === "string" ? block.title : (block.title?.text ?? "");
  const body = data.type === "pie" ? pieChart(data, title, view) : axisChart(data, title, view);
  return h("figure", { class: "chart", "aria-label": view.t("chartOf", { title }) },
    title && h("figcaption", { class: "chart-title" }, title), body);
}

function numbers(view) {
  return new Intl.NumberFormat(view.language === "ja" ? "ja-JP" : "en-US", { maximumFractionDigits: 1 });
}

// ---- line, area and bar ----

function axisChart(data, title, view) {
  const series = (data.series ?? []).map((s, i) => ({ ...s, index: i, data: s.data ?? [] }));
  const categories = data.axis_config?.categories ?? series[0]?.data.map((p) => p.label) ?? [];
  const valueOf = (s, i) => s.data.find((p) => p.label === categories[i])?.value ?? s.data[i]?.value ?? null;
  const roles = data.type === "bar" ? {} : bandRoles(series);
  const plot = scale(series, categories, valueOf, data.type);
  const name = uniqueId("chart");
  const marks = data.type === "bar" ? bars(series, categories, valueOf, plot) : lines(series, categories, valueOf, plot, data.type, roles);
  const cursor = svg("g", { class: "chart-cursor", visibility: "hidden" });
  const drawing = svg("svg", {
    class: "chart-drawing", viewBox: `0 0 ${plot.size.width} ${plot.size.height}`, role: "img", tabindex: 0, "aria-labelledby": name, "aria-describedby": name + "-keys",
  }, svg("title", { id: name }, summary(title, series, categories, valueOf, view)), svg("desc", { id: name + "-keys" }, view.t("chartKeys")),
    axes(plot, categories, view), marks, cursor);
  const readout = h("div", { class: "chart-readout", "aria-live": "polite", hidden: true });
  followPointer({ drawing, cursor, readout, plot, series, categories, valueOf, roles, view });
  const labels = data.axis_config ?? {};
  return [
    labels.y_label && h("div", { class: "chart-y-label" }, labels.y_label),
    h("div", { class: "chart-frame" }, drawing, readout),
    labels.x_label && h("div", { class: "chart-x-label" }, labels.x_label),
    legend(series, roles, data.type),
    numbersTable(series, categories, valueOf, view),
  ];
}

// A series whose name says low or high edges the expected band; the pair is filled between.
function bandRoles(series) {
  const low = series.find((s) => /\b(low|lower|min)\b|下限/i.test(s.name ?? ""));
  const high = series.find((s) => /\b(high|upper|max)\b|上限/i.test(s.name ?? ""));
  const expected = series.find((s) => /expected|usual|baseline|通常|平常|期待|予測/i.test(s.name ?? "") && s !== low && s !== high);
  return { low: low && high ? low : null, high: low && high ? high : null, expected: expected ?? null };
}

function roleClass(s, roles) {
  if (s === roles.low || s === roles.high) return "edge";
  if (s === roles.expected) return "expected";
  return `s${s.index % 6}`;
}

function scale(series, categories, valueOf, type) {
  const values = series.flatMap((s) => categories.map((_, i) => valueOf(s, i))).filter((v) => v !== null);
  const ticks = niceTicks(Math.min(0, ...values), Math.max(0, ...values));
  const low = ticks[0];
  const high = ticks.at(-1);
  const size = matchMedia("(max-width: 760px)").matches ? small : wide;
  const width = size.width - size.left - size.right;
  const height = size.height - size.top - size.bottom;
  const n = categories.length;
  const banded = type === "bar" || n === 1;
  return {
    ticks, n, size, step: width / Math.max(n, 1), banded,
    x: (i) => size.left + (banded ? (i + 0.5) * (width / n) : (n > 1 ? (i / (n - 1)) * width : width / 2)),
    y: (value) => size.top + height * (1 - (value - low) / (high - low || 1)),
  };
}

/** Four or five round steps that span low to high. */
function niceTicks(low, high) {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const ticks = [];
  for (let v = Math.floor(low / step) * step; v < high + step * 0.999; v += step) ticks.push(Number(v.toPrecision(12)));
  return ticks.length > 1 ? ticks : [low, low + 1];
}

function axes(plot, categories, view) {
  const format = numbers(view);
  const { size } = plot;
  const room = (Math.max(...categories.map(letters), 1) + 1.5) * 7.2;
  // The last label of a line ends at the edge, so the one before it needs more room.
  const every = Math.max(1, Math.ceil(room * (plot.banded ? 1 : 1.45) / plot.step));
  const last = categories.length - 1;
  return svg("g", { class: "chart-axes" },
    plot.ticks.map((tick) => [
      svg("line", { x1: size.left, x2: size.width - size.right, y1: plot.y(tick), y2: plot.y(tick), class: tick === 0 ? "zero" : "grid" }),
      svg("text", { x: size.left - 8, y: plot.y(tick) + 4, "text-anchor": "end" }, format.format(tick)),
    ]),
    categories.map((label, i) => {
      if ((last - i) % every !== 0) return null;
      const anchor = !plot.banded && i === last ? "end" : !plot.banded && i === 0 ? "start" : "middle";
      return svg("text", { x: plot.x(i), y: size.height - 10, "text-anchor": anchor }, label);
    }));
}

// The width of a label in Latin letters; Japanese ones are wider.
function letters(label) {
  return [...label].reduce((sum, character) => sum + (character > "\u2e7f" ? 1.7 : 1), 0);
}

function lines(series, categories, valueOf, plot, type, roles) {
  const out = [];
  if (roles.low && roles.high) {
    const there = categories.map((_, i) => i).filter((i) => valueOf(roles.low, i) !== null && valueOf(roles.high, i) !== null);
    const up = there.map((i) => `${plot.x(i)},${plot.y(valueOf(roles.high, i))}`);
    const down = there.reverse().map((i) => `${plot.x(i)},${plot.y(valueOf(roles.low, i))}`);
    out.push(svg("polygon", { class: "band", points: [...up, ...down].join(" ") }));
  }
  // What is actual is drawn last, above what was expected.
  const ordered = [...series].sort((a, b) => weight(b, roles) - weight(a, roles));
  for (const s of ordered) {
    const points = categories.map((_, i) => [i, valueOf(s, i)]).filter(([, v]) => v !== null);
    const path = points.map(([i, v]) => `${plot.x(i)},${plot.y(v)}`).join(" ");
    const kind = roleClass(s, roles);
    if (type === "area" && points.length > 0) {
      out.push(svg("polygon", { class: `area ${kind}`, points: `${plot.x(points[0][0])},${plot.y(0)} ${path} ${plot.x(points.at(-1)[0])},${plot.y(0)}` }));
    }
    out.push(svg("polyline", { class: `line ${kind}`, points: path }));
    if (kind.startsWith("s") && points.length <= 20) {
      out.push(points.map(([i, v]) => svg("circle", { class: `dot ${kind}`, cx: plot.x(i), cy: plot.y(v), r: 2.6 })));
    }
  }
  return svg("g", null, out);
}

function weight(s, roles) {
  return s === roles.low || s === roles.high ? 2 : s === roles.expected ? 1 : 0;
}

function bars(series, categories, valueOf, plot) {
  const group = plot.step * 0.68;
  const width = Math.min(group / Math.max(series.length, 1), 44);
  return svg("g", null, categories.map((_, i) => series.map((s, n) => {
    const value = valueOf(s, i);
    if (value === null) return null;
    const top = Math.min(plot.y(value), plot.y(0));
    return svg("rect", {
      class: `bar s${s.index % 6}`, x: plot.x(i) - (width * series.length) / 2 + n * width + 1, y: top,
      width: Math.max(width - 2, 1), height: Math.max(Math.abs(plot.y(value) - plot.y(0)), 1), rx: 2,
    });
  })));
}

function followPointer({ drawing, cursor, readout, plot, series, categories, valueOf, roles, view }) {
  const format = numbers(view);
  const { size } = plot;
  let at = -1;
  const show = (i) => {
    at = Math.max(0, Math.min(plot.n - 1, i));
    cursor.setAttribute("visibility", "visible");
    replace(cursor, svg("line", { x1: plot.x(at), x2: plot.x(at), y1: size.top, y2: size.height - size.bottom }));
    readout.hidden = false;
    const share = plot.x(at) / size.width;
    readout.style.setProperty("left", `${share * 100}%`);
    readout.classList.toggle("to-left", share > 0.55);
    replace(readout, h("strong", null, categories[at]), series.map((s) => valueOf(s, at) === null ? null
      : h("div", { class: "chart-value" }, key(s, roles), `${s.name} `, h("b", null, format.format(valueOf(s, at))))));
  };
  const hide = () => {
    at = -1;
    cursor.setAttribute("visibility", "hidden");
    readout.hidden = true;
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * size.width;
    let best = 0;
    for (let i = 1; i < plot.n; i += 1) if (Math.abs(plot.x(i) - x) < Math.abs(plot.x(best) - x)) best = i;
    if (plot.n > 0) show(best);
  });
  drawing.addEventListener("pointerleave", hide);
  drawing.addEventListener("blur", hide);
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && plot.n > 0) {
      show(at < 0 ? (step > 0 ? 0 : plot.n - 1) : at + step);
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Escape" && at >= 0) {
      hide();
      event.stopPropagation();
    }
  });
}

function key(s, roles) {
  return h("span", { class: `key ${roleClass(s, roles)}`, "aria-hidden": "true" });
}

function legend(series, roles, type) {
  const shown = type === "bar" ? series.map((s) => [s.name, `s${s.index % 6} block`])
    : [...series.filter((s) => s !== roles.low && s !== roles.high).map((s) => [s.name, roleClass(s, roles)]),
      ...(roles.low ? [[bandName(roles.low.name, roles.high.name), "band-key"]] : [])];
  return h("ul", { class: "legend" }, shown.map(([name, kind]) => h("li", null, h("span", { class: `key ${kind}`, "aria-hidden": "true" }), name)));
}

/** One name for both edges: "usual, low" and "usual, high" become "usual, low – high". */
function bandName(low, high) {
  let same = 0;
  while (same < Math.min(low.length, high.length) && low[same] === high[same]) same += 1;
  return `${low} – ${same > 1 ? high.slice(same) : high}`;
}

function summary(title, series, categories, valueOf, view) {
  const format = numbers(view);
  const last = categories.length - 1;
  const ends = series.map((s) => `${s.name}: ${format.format(valueOf(s, 0) ?? 0)} → ${format.format(valueOf(s, last) ?? 0)}`);
  return `${title} (${categories[0] ?? ""} – ${categories[last] ?? ""}). ${ends.join("; ")}`;
}

// The table is made when it is opened: there are as many cells in it as in all the rest of a message.
function numbersTable(series, categories, valueOf, view) {
  const table = () => {
    const format = numbers(view);
    return h("div", { class: "table-frame" }, h("table", { class: "table" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, view.t("category")), series.map((s) => h("th", { scope: "col", class: "number" }, s.name)))),
      h("tbody", null, categories.map((label, i) => h("tr", null, h("th", { scope: "row" }, label),
        series.map((s) => h("td", { class: "number" }, valueOf(s, i) === null ? "–" : format.format(valueOf(s, i)))))))));
  };
  const node = h("details", { class: "chart-numbers" }, h("summary", null, view.t("showTable")));
  node.addEventListener("toggle", () => { if (node.open && node.childElementCount === 1) node.append(table()); });
  return node;
}

// ---- pie ----

function pieChart(data, title, view) {
  const segments = data.segments ?? [];
  const total = segments.reduce((sum, s) => sum + s.value, 0) || 1;
  const format = numbers(view);
  const percent = (s) => `${Math.round((s.value / total) * 100)} %`;
  let angle = -Math.PI / 2;
  const slices = segments.map((s, i) => {
    const sweep = (s.value / total) * Math.PI * 2;
    const path = slice(90, 90, 80, 46, angle, angle + Math.min(sweep, Math.PI * 2 - 0.0001));
    angle += sweep;
    return svg("path", { d: path, class: `slice s${i % 6}` }, svg("title", null, `${s.label}: ${format.format(s.value)} (${percent(s)})`));
  });
  const words = `${title}. ${segments.map((s) => `${s.label}: ${percent(s)}`).join("; ")}`;
  return [
    h("div", { class: "pie" }, svg("svg", { class: "pie-drawing", viewBox: "0 0 180 180", role: "img", "aria-label": words }, slices),
      h("ul", { class: "legend legend-column" }, segments.map((s, i) => h("li", null, h("span", { class: `key s${i % 6} block`, "aria-hidden": "true" }),
        h("span", { class: "legend-name" }, s.label), h("b", null, format.format(s.value)), h("span", { class: "quiet" }, percent(s)))))),
  ];
}

function slice(cx, cy, outer, inner, from, to) {
  const at = (r, a) => `${(cx + r * Math.cos(a)).toFixed(2)} ${(cy + r * Math.sin(a)).toFixed(2)}`;
  const large = to - from > Math.PI ? 1 : 0;
  return `M${at(outer, from)} A${outer} ${outer} 0 ${large} 1 ${at(outer, to)} L${at(inner, to)} A${inner} ${inner} 0 ${large} 0 ${at(inner, from)} Z`;
}
