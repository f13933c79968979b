"use strict";
// The page's figures. The data's shape is told in data.go; uPlot draws lines, steps and bands, and this file the points
// with their intervals, the choices above a figure and the read-out below it.
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const charts = [];
const HEIGHT = 340;

function shade(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function colour(k) { return shade("--p" + k % 7); }
function veil(c, alpha) { // of #rrggbb
  const n = parseInt(c.slice(1), 16);
  return `rgba(${n >> 16},${n >> 8 & 255},${n & 255},${alpha})`;
}

// A number for people, as the page's tables have it.
const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
function show(v, digits = 4) {
  if (v == null || Number.isNaN(v)) return "–";
  if (v === 0) return "0";
  const a = Math.abs(v);
  if (a >= 1e6 || a < 1e-3) {
    const [m, e] = v.toExponential(digits - 1).split("e");
    const mantissa = String(+m), power = "10" + [...String(+e)].map(c => raised[c]).join("");
    return (mantissa === "1" ? power : mantissa + "×" + power).replace("-", "−");
  }
  return String(+v.toPrecision(digits)).replace("-", "−");
}

function make(tag, props, ...inside) {
  const e = document.createElement(tag);
  for (const k in props) k.includes("-") || k === "class" ? e.setAttribute(k, props[k]) : e[k] = props[k];
  e.append(...inside);
  return e;
}

const dashes = [null, [2, 3], [9, 3, 2, 3]];
function dashOf(c) { return c.kind === "dash" ? [6, 4] : dashes[c.variant % 3] || undefined; }

// Points of several curves at one abscissa stand side by side: how far the k-th of m is shifted, in pixels.
function aside(k, m) { return (k - (m - 1) / 2) * Math.min(6, 30 / m); }

// Marks of points, by variant: filled, hollow, triangle, square.
function mark(ctx, x, y, r, variant, stroke, paper) {
  ctx.beginPath();
  if (variant % 4 === 2) { ctx.moveTo(x, y - 1.25 * r); ctx.lineTo(x + 1.15 * r, y + .9 * r); ctx.lineTo(x - 1.15 * r, y + .9 * r); ctx.closePath(); }
  else if (variant % 4 === 3) ctx.rect(x - .9 * r, y - .9 * r, 1.8 * r, 1.8 * r);
  else ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fillStyle = variant % 4 === 1 ? paper : stroke;
  ctx.fill();
  ctx.stroke();
}

function key(c) { // of the read-out
  const d = dashOf(c), ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 22 12");
  const put = (tag, a) => { const e = document.createElementNS(ns, tag); for (const k in a) e.setAttribute(k, a[k]); svg.append(e); };
  const stroke = colour(c.colour);
  if (c.kind === "dot") put("circle", { cx: 11, cy: 6, r: 1.8, fill: stroke });
  else if (c.kind === "point") {
    put("line", { x1: 11, x2: 11, y1: 0, y2: 12, stroke, "stroke-width": 1.4 });
    const fill = c.variant % 4 === 1 ? shade("--paper") : stroke;
    if (c.variant % 4 === 2) put("path", { d: "M11 1.5L15.5 10H6.5Z", fill, stroke });
    else if (c.variant % 4 === 3) put("rect", { x: 7.5, y: 2.5, width: 7, height: 7, fill, stroke });
    else put("circle", { cx: 11, cy: 6, r: 3.6, fill, stroke, "stroke-width": 1.4 });
  } else {
    const a = { x1: 1, x2: 21, y1: 6, y2: 6, stroke, "stroke-width": c.kind === "faint" ? 1 : 2.2 };
    if (d) a["stroke-dasharray"] = d.join(" ");
    put("line", a);
  }
  return svg;
}

class Chart {
  constructor(root) {
    this.root = root;
    this.fig = data.figures[+root.dataset.figure];
    this.logX = this.fig.x[1];
    this.logY = this.fig.y[1];
    this.at = this.first();
    this.off = new Set();
    this.selects = [];
    this.bar = make("div", { class: "bar" });
    this.fig.dims.forEach(([name, options], i) => {
      if (options.length < 2) return;
      const select = make("select", { onchange: () => choose(name, select.options[select.selectedIndex].text) });
      options.forEach((o, k) => select.append(make("option", { value: k, textContent: o })));
      select.value = this.at[i];
      this.selects[i] = select;
      this.bar.append(make("label", {}, name, select));
    });
    this.bar.append(make("span", { class: "gap" }));
    this.toggleX = make("button", { type: "button", textContent: "log x", onclick: () => { this.logX = !this.logX; this.draw(); } });
    this.toggleY = make("button", { type: "button", textContent: "log y", onclick: () => { this.logY = !this.logY; this.draw(); } });
    this.reset = make("button", { type: "button", textContent: "reset zoom", onclick: () => this.draw() });
    this.bar.append(this.toggleX, this.toggleY, this.reset);
    this.plot = make("div", { class: "plot" });
    this.curves = make("div", { class: "curves" });
    root.append(this.bar, this.plot, this.curves);
  }
  // The panel of most curves; of several, the first.
  first() {
    let best = null, most = 0;
    for (const key in this.fig.panels) {
      const n = this.fig.panels[key].length;
      if (n > most) [best, most] = [key, n];
    }
    return best === null ? this.fig.dims.map(() => 0) : best === "" ? [] : best.split(",").map(Number);
  }
  choose(name, option) {
    let changed = false;
    this.fig.dims.forEach(([n, options], i) => {
      const k = options.indexOf(option);
      if (n !== name || k < 0 || this.at[i] === k) return;
      this.at[i] = k;
      if (this.selects[i]) this.selects[i].value = k;
      changed = true;
    });
    if (changed && this.u) this.draw();
  }
  items() {
    return (this.fig.panels[this.at.join(",")] || []).map(([curve, name, colour, variant]) => {
      const [kind, x, y, lo = [], hi = [], n] = this.fig.curves[curve];
      return { kind, x: data.x[x], y, lo, hi, n, name: this.fig.names[name], colour, variant: variant + Math.floor(colour / 7) };
    });
  }
  draw() {
    if (this.u) this.u.destroy();
    const items = this.items();
    const some = (of) => items.some(c => of(c).some(v => v > 0));
    this.toggleX.disabled = !some(c => c.x);
    this.toggleY.disabled = !some(c => c.y);
    const logX = this.logX && !this.toggleX.disabled, logY = this.logY && !this.toggleY.disabled;
    this.toggleX.setAttribute("aria-pressed", logX);
    this.toggleY.setAttribute("aria-pressed", logY);
    // Where an axis is logarithmic, what is not positive is left out; the lower end of an interval is put below it all.
    let least = Infinity;
    if (logY) for (const c of items) for (const list of [c.y, c.lo, c.hi]) for (const v of list) if (v > 0 && v < least) least = v;
    const up = v => v == null || logY && !(v > 0) ? null : v;
    const floor = v => v == null ? null : logY && !(v > 0) ? least : v;
    const tables = [], series = [{}], bands = [];
    items.forEach((c, k) => {
      const keep = [];
      c.x.forEach((x, i) => { if (x != null && !(logX && !(x > 0))) keep.push(i); });
      // Two points may share an abscissa, and uPlot's join has one row for each: of those the marks show all.
      const xs = [], rows = [];
      for (const i of keep) { if (xs.length && c.x[i] === xs[xs.length - 1]) { rows[rows.length - 1] = i; continue; } xs.push(c.x[i]); rows.push(i); }
      const stroke = colour(c.colour), off = this.off.has(c.name);
      if (c.kind === "dot") { // drawn by points; of each abscissa uPlot has the least and the greatest, for its ranges
        const least = [], most = [];
        xs.forEach(() => { least.push(null); most.push(null); });
        let r = -1, at;
        for (const i of keep) {
          if (r < 0 || c.x[i] !== at) [r, at] = [r + 1, c.x[i]];
          const y = up(c.y[i]);
          if (y == null) continue;
          if (least[r] == null || y < least[r]) least[r] = y;
          if (most[r] == null || y > most[r]) most[r] = y;
        }
        tables.push([xs, least, most]);
        c.at = series.length;
        c.parts = [c.at, c.at + 1];
        for (let i = 0; i < 2; i++) series.push({ show: !off, paths: () => null, points: { show: false } });
        return;
      }
      const line = c.kind === "point" ? { paths: () => null, points: { show: false } } : {
        stroke: c.kind === "faint" ? veil(stroke, .5) : stroke, width: c.kind === "faint" ? 1 : 1.75, dash: dashOf(c), spanGaps: true,
        points: { show: xs.length < 2, size: 6 },
        ...(c.kind === "step" ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      };
      tables.push([xs, rows.map(i => up(c.y[i]))]);
      c.at = series.length;
      series.push({ show: !off, ...line });
      c.parts = [c.at];
      if (c.lo.length) {
        const edge = c.kind === "point" ? { paths: () => null } : { stroke: "transparent", width: 0, spanGaps: true, ...(c.kind === "step" ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}) };
        tables[k].push(rows.map(i => floor(c.lo[i])), rows.map(i => up(c.hi[i])));
        c.parts.push(series.length, series.length + 1);
        series.push({ show: !off, points: { show: false }, ...edge }, { show: !off, points: { show: false }, ...edge });
        if (c.kind !== "point") bands.push({ series: [c.at + 2, c.at + 1], fill: veil(stroke, .16) });
      }
    });
    const joined = tables.length ? uPlot.join(tables) : [[], []];
    if (!tables.length) series.push({});
    const ink = shade("--soft"), grid = { stroke: shade("--line"), width: 1 }, paper = shade("--paper");
    const font = '12px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif';
    const values = (u, splits) => splits.map(v => v == null ? "" : show(v, 6));
    const narrow = this.root.clientWidth < 480;
    const pad = (log, by) => (u, min, max) => {
      if (min == null || !Number.isFinite(min)) return log ? [.1, 1] : [0, 1];
      if (log) return min === max ? [min / 2, max * 2] : [min / Math.pow(max / min, by), max * Math.pow(max / min, by)];
      return min === max ? [min - (Math.abs(min) * .1 || 1), max + (Math.abs(max) * .1 || 1)] : [min - by * (max - min), max + by * (max - min)];
    };
    // uPlot's ticks of logarithmic axes are decades with tenths between; over few decades 2 and 5 are named too.
    const logAxis = {
      splits: (u, axis, min, max) => {
        const decades = Math.log10(max / min);
        if (!(decades > 0)) return [min];
        if (decades < .7) return uPlotTicks(min, max, 5);
        const out = [], step = Math.max(1, Math.ceil(decades / 7));
        for (let k = Math.floor(Math.log10(min)); k <= Math.log10(max); k++) {
          if (((k % step) + step) % step) continue;
          for (const m of decades < 2 ? [1, 2, 5] : [1]) { const v = +(m + "e" + k); if (v >= min && v <= max) out.push(v); }
        }
        return out;
      },
      filter: (u, s) => s,
    };
    // uPlot asks for the range of x more than once: of the data, of nothing, of what it was told; or of a zoom.
    const [first, last] = [joined[0][0], joined[0][joined[0].length - 1]];
    const all = pad(logX, items.some(c => c.kind === "point") ? .05 : .02)(null, first, last);
    const rangeX = (u, min, max) => min == null || max == null || min === first && max === last || !(max > min) ? all : [min, max];
    this.shown = items;
    this.u = new uPlot({
      width: this.root.clientWidth || 640, height: narrow ? 280 : HEIGHT,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, distr: logX ? 3 : 1, range: rangeX }, y: { distr: logY ? 3 : 1, range: pad(logY, .05) } },
      axes: [
        { stroke: ink, grid, ticks: grid, font, labelFont: font, label: this.fig.x[0], labelSize: 22, size: 30, values, space: 64, ...(logX ? logAxis : {}) },
        { stroke: ink, grid, ticks: grid, font, labelFont: font, label: this.fig.y[0], labelSize: 22, size: (u, names, i) => {
          u.ctx.font = u.axes[i].font[0]; // in device pixels, as are the widths
          return 18 + Math.max(20, ...(names || []).map(n => u.ctx.measureText(n).width / devicePixelRatio));
        }, values, ...(logY ? logAxis : {}) },
      ],
      series, bands,
      cursor: { drag: { x: true, y: true, uni: 24, dist: 6 }, points: { show: false }, y: false },
      hooks: {
        draw: [u => this.points(u, paper, logX, logY, floor)],
        setCursor: [u => this.read(u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x"))],
      },
    }, joined, this.plot);
    this.names();
  }
  // points with their intervals, over all else
  points(u, paper, logX, logY, floor) {
    const ctx = u.ctx, px = devicePixelRatio || 1, { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left - 6 * px, top - 6 * px, width + 12 * px, height + 12 * px);
    ctx.clip();
    for (const c of this.shown) {
      if (c.kind !== "dot" || this.off.has(c.name)) continue;
      ctx.fillStyle = colour(c.colour);
      const r = Math.max(1, (c.x.length > 5000 ? .9 : 1.6) * px);
      c.x.forEach((x, i) => {
        const y = c.y[i];
        if (x == null || y == null || logX && !(x > 0) || logY && !(y > 0)) return;
        ctx.fillRect(u.valToPos(x, "x", true) - r / 2, u.valToPos(y, "y", true) - r / 2, r, r);
      });
    }
    const marked = this.shown.filter(c => c.kind === "point");
    for (const [k, c] of marked.entries()) {
      if (this.off.has(c.name)) continue;
      const stroke = colour(c.colour);
      ctx.strokeStyle = stroke;
      ctx.lineWidth = 1.5 * px;
      c.x.forEach((x, i) => {
        const y = c.y[i];
        if (x == null || y == null || logX && !(x > 0) || logY && !(y > 0)) return;
        const X = u.valToPos(x, "x", true) + px * aside(k, marked.length), Y = u.valToPos(y, "y", true);
        if (X < left - 20 * px || X > left + width + 20 * px) return;
        if (c.lo[i] != null && c.hi[i] != null) {
          ctx.beginPath();
          ctx.moveTo(X, u.valToPos(floor(c.lo[i]), "y", true));
          ctx.lineTo(X, u.valToPos(c.hi[i], "y", true));
          ctx.stroke();
        }
        if (Y > top - 6 * px && Y < top + height + 6 * px) mark(ctx, X, Y, 3.6 * px, c.variant, stroke, paper);
      });
    }
    ctx.restore();
  }
  // names of the curves, which switch them, and their values under the pointer
  names() {
    this.curves.replaceChildren();
    this.where = make("span", { class: "x" });
    this.values = new Map();
    const groups = new Map();
    for (const c of this.shown) {
      if (c.kind === "faint") { // all paths of a dynamics go together
        const name = c.name.replace(/, replica \d+$/, "") + ", replicas";
        if (!groups.has(name)) groups.set(name, []);
        groups.get(name).push(c);
      } else groups.set(c.name, [c]);
    }
    for (const [name, list] of groups) {
      const value = make("span", { class: "v" });
      const button = make("button", {
        type: "button", "aria-pressed": !this.off.has(list[0].name), title: "switch off or on", onclick: () => {
          const on = this.off.has(list[0].name);
          for (const c of list) {
            on ? this.off.delete(c.name) : this.off.add(c.name);
            for (const k of c.parts) this.u.setSeries(k, { show: on });
          }
          button.setAttribute("aria-pressed", on);
          this.u.redraw();
        },
      }, key(list[0]), name, value);
      if (list.length === 1) this.values.set(list[0], value);
      this.curves.append(button);
    }
    this.curves.append(this.where);
    this.read(null);
  }
  read(x) {
    if (!this.where) return;
    this.where.textContent = x == null ? "" : this.fig.x[0] + " " + show(x);
    for (const [c, span] of this.values) {
      if (x == null) { span.textContent = ""; continue; }
      const i = nearest(c, x);
      if (i < 0) { span.textContent = "–"; continue; }
      let text = show(c.y[i]);
      if (c.lo[i] != null && c.hi[i] != null) text += ` [${show(c.lo[i], 3)}, ${show(c.hi[i], 3)}]`;
      const n = Array.isArray(c.n) ? c.n[i] : c.n;
      if (n != null) text += ` n ${n}`;
      if (c.kind === "point") text = `at ${show(c.x[i])}: ` + text;
      span.textContent = text;
    }
  }
}

// nearest is the index of the point of a curve to read at x; of a step, the last before it.
function nearest(c, x) {
  const n = c.x.length;
  if (!n) return -1;
  let lo = 0, hi = n - 1;
  while (lo < hi) { const m = (lo + hi + 1) >> 1; c.x[m] <= x ? lo = m : hi = m - 1; }
  if (c.kind === "step") return c.x[lo] > x || x > c.x[n - 1] ? -1 : lo;
  if (c.kind !== "point" && (x < c.x[0] - 1e-9 * Math.abs(c.x[0]) || x > c.x[n - 1])) return -1;
  return lo + 1 < n && c.x[lo + 1] - x < x - c.x[lo] ? lo + 1 : lo;
}

function uPlotTicks(lo, hi, n) {
  const raw = (hi - lo) / n, base = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = base * [1, 2, 5, 10].find(m => m * base >= raw * .999);
  const out = [];
  for (let k = Math.ceil(lo / step); k * step <= hi; k++) out.push(+(k * step).toPrecision(12));
  return out;
}

// A setting that is chosen in one figure is chosen in all.
function choose(name, option) {
  if (name === "show") name = null;
  const from = document.activeElement;
  for (const c of charts) if (name !== null || c.root.contains(from)) c.choose(name === null ? "show" : name, option);
}

const build = c => { if (!c.u) c.draw(); };
for (const root of document.querySelectorAll(".chart")) charts.push(new Chart(root));
(function next() { // one after the other, so that the page answers meanwhile
  const c = charts.find(c => !c.u);
  if (c) { build(c); setTimeout(next); }
})();
for (const box of document.querySelectorAll(".strips")) { // one cell's strip at a time
  const all = [...box.querySelectorAll(".one")];
  if (all.length < 2) continue;
  const select = make("select", { onchange: () => all.forEach((e, i) => e.hidden = i !== +select.value) });
  all.forEach((e, i) => { const h = e.querySelector("h4"); select.append(make("option", { value: i, textContent: h ? h.textContent : i })); if (h) h.hidden = true; e.hidden = i > 0; });
  box.prepend(make("div", { class: "bar" }, make("label", {}, "cell", select)));
}
const again = () => { for (const c of charts) if (c.u) c.draw(); };
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; again(); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
matchMedia("print").addEventListener("change", () => { charts.forEach(build); again(); });
})();
