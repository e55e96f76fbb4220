"use strict";
const byId = name => document.getElementById(name);
const data = JSON.parse(byId("rows").textContent);
const column = key => data.columns.find(one => one.key === key);
const textOf = (one, place) => one.words[one.values[place]];

// Two significant digits, as elsewhere on the page.
function two(value) {
  if (value === null) return "n/a";
  if (value === 0) return "0";
  const short = Math.abs(value) < 99.5 ? Number(value.toPrecision(2)) : Math.round(value);
  const places = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(short))));
  return (Math.abs(short) < 1e-4 ? short.toExponential(1) : short.toFixed(places)).replace("-", "−");
}

// Share of a count with Wilson's interval (Wilson 1927), in %.
function wilson(hits, n) {
  const z = 1.959964, p = hits / n, base = 1 + z * z / n;
  const middle = (p + z * z / (2 * n)) / base;
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / base;
  return [p, Math.max(0, middle - half), Math.min(1, middle + half)].map(share => 100 * share);
}

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// --- the table: only the rows in view stand in the page

function scansTable() {
  const table = document.querySelector(".scans"), frame = document.querySelector(".rows");
  if (!table) return;
  const HEIGHT = 30, MORE = 2, body = table.tBodies[0], names = column("name");
  const fullest = Math.max(0, ...data.columns.filter(one => one.shaded).map(one => one.values.reduce((a, b) => Math.max(a, b ?? 0), 0)));
  let order = Int32Array.from({length: data.n}, (_, place) => place);
  let shown = order, first = -1, last = -1;
  const find = byId("find"), filters = document.querySelector(".filters"), selects = [...filters.querySelectorAll("select")];
  const collator = new Intl.Collator("en", {numeric: true});

  // A row of cells that hold a word each; rows stay in the page and get other words, which is faster than new ones.
  function blankCell(one) {
    if (one.numeric) return element("td", "–", {class: one.shaded ? "num heat" : "num"});
    const made = one.key === "name" ? element("th", undefined, {scope: "row"}) : element("td");
    made.append(one.key === "name" ? element("a", "–") : one.key === "qc" ? element("span", "–") : "–");
    return made;
  }
  const blank = element("tr");
  blank.append(...data.columns.map(blankCell));

  function fill(cell, one, place) {
    const value = one.values[place], text = one.numeric ? two(value) : one.words[value];
    if (one.shaded) cell.style.setProperty("--share", fullest ? Math.sqrt((value ?? 0) / fullest).toFixed(2) : 0);
    if (one.key === "qc") cell.firstChild.className = `badge ${text.replaceAll(" ", "_")}`;
    if (one.key === "name") {
      const page = data.pages[place];
      if (page === null) cell.firstChild.removeAttribute("href");
      else cell.firstChild.href = page || `${text}.html`;
    }
    const holder = one.key === "name" || one.key === "qc" ? cell.firstChild : cell;
    holder.firstChild.nodeValue = text;
    if (text.length > 60) cell.title = text; else if (cell.title) cell.removeAttribute("title");
  }
  function write(row, at) {
    const place = shown[at];
    row.setAttribute("aria-rowindex", at + 2);
    row.dataset.place = place;
    data.columns.forEach((one, number) => fill(row.cells[number], one, place));
    return row;
  }
  const pool = [];
  function rowsFor(from, to) {
    while (pool.length < to - from) pool.push(blank.cloneNode(true));
    return pool.slice(0, to - from).map((row, number) => write(row, from + number));
  }
  function gap(rows) {
    const made = element("tr", undefined, {class: "gap", "aria-hidden": "true"});
    made.append(element("td", undefined, {colspan: data.columns.length, style: `height: ${rows * HEIGHT}px`}));
    return made;
  }
  // Kept, since asking for either between two changes makes the browser lay out the page once more.
  let scrolled = 0, tall = 0;
  function toTop() {
    if (scrolled) frame.scrollTop = scrolled = 0;
  }
  function draw(anew) {
    const from = Math.max(0, Math.min(shown.length - 1, Math.floor(scrolled / HEIGHT)) - MORE);
    const to = Math.min(shown.length, from + Math.ceil(tall / HEIGHT) + 2 * MORE);
    if (!anew && from === first && to === last) return;
    const rows = rowsFor(from, to), placed = `${from} ${to} ${shown.length}`;
    [first, last] = [from, to];
    if (placed === body.dataset.placed) return;
    body.dataset.placed = placed;
    body.replaceChildren(...(from ? [gap(from)] : []), ...rows, ...(to < shown.length ? [gap(shown.length - to)] : []));
  }
  // What a find looks in: one lower-case text per scan, made when first needed.
  let texts = null;
  function filter() {
    const wanted = find.value.trim().toLowerCase();
    if (wanted && !texts) {
      const worded = data.columns.filter(one => !one.numeric);
      texts = Array.from({length: data.n}, (_, place) => worded.map(one => textOf(one, place)).join("\n").toLowerCase());
    }
    const chosen = selects.filter(select => select.value).map(select => [column(select.dataset.key), select.value]);
    const all = !wanted && !chosen.length;
    shown = all ? order : order.filter(place => (!wanted || texts[place].includes(wanted)) && chosen.every(([one, value]) => textOf(one, place) === value));
    byId("shown").textContent = `${shown.length} of ${data.n} scans`;
    table.setAttribute("aria-rowcount", shown.length + 1);
    draw(true);
  }
  // Loops fill the arrays: from() with a function takes ten times as long.
  function filled(Kind, valueAt) {
    const made = new Kind(data.n);
    for (let place = 0; place < data.n; place++) made[place] = valueAt(place);
    return made;
  }
  function ranks(one) {
    if (one.numeric) return filled(Float64Array, place => one.values[place] ?? NaN);
    const sorted = one.words.map((_, code) => code).sort((a, b) => collator.compare(one.words[a], one.words[b]));
    const rank = new Float64Array(sorted.length);
    sorted.forEach((code, place) => { rank[code] = one.words[code] && one.words[code] !== "n/a" ? place : NaN; });
    return filled(Float64Array, place => rank[one.values[place]]);
  }
  // How many of the sorted values are less than one.
  function below(values, one) {
    let from = 0, to = values.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (values[middle] < one) from = middle + 1; else to = middle;
    }
    return from;
  }
  // Places by key, what is missing last either way: rank and place in one number, since plain numbers sort fastest.
  function sorted(key, descending) {
    const values = key.filter(value => value === value).sort(), last = values.length;
    const rank = value => value !== value ? last : descending ? last - 1 - below(values, value) : below(values, value);
    const packed = filled(Float64Array, place => rank(key[place]) * data.n + place).sort();
    return filled(Int32Array, place => packed[place] % data.n);
  }
  // Every order is kept, and those not asked for yet are made while nobody does anything.
  const orders = new Map();
  function orderBy(one, descending) {
    const name = `${one.key} ${descending}`;
    if (!orders.has(name)) orders.set(name, sorted(ranks(one), descending));
    return orders.get(name);
  }
  const ahead = data.columns.flatMap(one => [[one, true], [one, false]]);
  function makeAhead() {
    if (ahead.length) orderBy(...ahead.shift());
    if (ahead.length) requestIdleCallback(makeAhead, {timeout: 50});
  }
  if (window.requestIdleCallback) requestIdleCallback(makeAhead, {timeout: 50});
  table.tHead.addEventListener("click", event => {
    const head = event.target.closest("th");
    if (!head || !event.target.closest("button")) return;
    const one = column(head.dataset.key);
    const ways = one.numeric ? ["descending", "ascending"] : ["ascending", "descending"];
    const way = head.getAttribute("aria-sort") === ways[0] ? ways[1] : ways[0];
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    order = orderBy(one, way === "descending");
    toTop();
    filter();
  });
  let asked = false;
  frame.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; scrolled = frame.scrollTop; draw(false); });
  });
  addEventListener("resize", () => { tall = frame.clientHeight; draw(false); });
  addEventListener("beforeprint", () => {  // paper does not scroll
    [first, last] = [0, Math.min(shown.length, 100)];
    body.dataset.placed = "";
    body.replaceChildren(...rowsFor(first, last));
  });
  addEventListener("afterprint", () => draw(true));
  filters.addEventListener("input", () => { toTop(); filter(); });
  filters.hidden = false;
  frame.classList.add("drawn");
  tall = frame.clientHeight;
  body.addEventListener("click", event => {
    const chosen = event.target.closest("tr[data-place]");
    if (chosen && !event.target.closest("a")) showDot(textOf(names, Number(chosen.dataset.place)));
  });
  filter();
}

// --- the map: counts stand in the pixels, exact; pattern and threshold are chosen

async function frequencyMap() {
  const strips = byId("strips");
  if (!strips) return;
  const width = Number(strips.dataset.width), height = Number(strips.dataset.height);
  const images = [...document.querySelectorAll(".frequency-map image")], maps = [...strips.children];
  const cached = new Map();
  async function pixels(source) {
    if (!cached.has(source)) {
      const picture = new Image();
      picture.src = source;
      await picture.decode();
      const canvas = new OffscreenCanvas(picture.width, picture.height), context = canvas.getContext("2d", {willReadFrequently: true});
      context.drawImage(picture, 0, 0);
      cached.set(source, context.getImageData(0, 0, picture.width, picture.height).data);
    }
    return cached.get(source);
  }
  const canvas = element("canvas", undefined, {width, height}), context = canvas.getContext("2d");
  const select = byId("map"), slider = byId("threshold");
  const heat = share => {
    const stops = data.colours, next = Math.max(1, stops.findIndex(stop => stop[0] >= share)), [a, b] = [stops[next - 1], stops[next]];
    return [1, 2, 3].map(i => a[i] + (b[i] - a[i]) * (share - a[0]) / (b[0] - a[0]));
  };
  async function draw() {
    const one = maps[select.value].dataset, most = Number(one.most), least = Number(slider.value);
    const [grey, counts] = await Promise.all([pixels(strips.dataset.grey), pixels(one.strip)]);
    const colours = Array.from({length: most + 1}, (_, count) => heat(Math.min(1, count / most)));
    for (const [plane, image] of images.entries()) {
      const out = context.createImageData(width, height), start = plane * width * height * 4;
      for (let at = 0; at < out.data.length; at += 4) {
        const count = counts[start + at] * 256 + counts[start + at + 1], back = grey[start + at];
        for (let i = 0; i < 3; i++) out.data[at + i] = count >= least && count > 0 ? 0.15 * back + 0.85 * colours[Math.min(count, most)][i] : back;
        out.data[at + 3] = 255;
      }
      context.putImageData(out, 0, 0);
      image.setAttribute("href", canvas.toDataURL());
    }
    byId("at-least").textContent = `${least} scan${least === 1 ? "" : "s"} (${two(100 * least / one.scans)} % of ${one.scans})`;
    byId("map-most").textContent = `${most} scan${most === 1 ? "" : "s"}`;
    byId("map-says").textContent = `${one.title}: number of scans with a lesion on the template, among ${one.scans} scans of the group${one.note ? `, ${one.note}` : ""}. Left is left (neurological convention).`;
  }
  select.addEventListener("input", () => {
    slider.max = Math.max(1, Number(maps[select.value].dataset.most));
    slider.value = 1;
    draw();
  });
  slider.addEventListener("input", draw);
  byId("at-least").textContent = "1 scan";
  document.querySelector(".map-choices").hidden = false;
}

// --- structures by scans: a cell under the pointer or the arrow keys says what it is

async function heatMap() {
  const frame = document.querySelector(".heat-map");
  if (!frame || !data.heat) return;
  const {rows, scans, palette} = data.heat, image = frame.querySelector("img"), mark = frame.querySelector("i");
  await image.decode();
  const canvas = new OffscreenCanvas(scans.length, rows.length), context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const seen = context.getImageData(0, 0, scans.length, rows.length).data;
  const codes = new Map(palette.map((colour, code) => [colour.join(), code]).reverse());
  let x = 0, y = 0;
  function tell() {
    const at = 4 * (y * scans.length + x), code = codes.get(`${seen[at]},${seen[at + 1]},${seen[at + 2]}`);
    const share = code === 0 ? "no lesion" : code === 255 ? "nobody looked" : `about ${two(100 * (code / 254) ** 2)} % lesioned`;
    byId("cell").textContent = `${scans[x]}, ${rows[y]}: ${share}`;
    mark.hidden = false;
    mark.style.left = `${100 * x / scans.length}%`;
    mark.style.width = `${100 / scans.length}%`;
    mark.style.top = `${15 * y}px`;
  }
  frame.addEventListener("pointermove", event => {
    const box = image.getBoundingClientRect();
    const across = Math.floor((event.clientX - box.left) / box.width * scans.length), down = Math.floor((event.clientY - box.top) / box.height * rows.length);
    if (across < 0 || down < 0 || across >= scans.length || down >= rows.length) return;
    [x, y] = [across, down];
    tell();
  });
  frame.addEventListener("keydown", event => {
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
    if (!step) return;
    event.preventDefault();
    x = Math.max(0, Math.min(scans.length - 1, x + step[0]));
    y = Math.max(0, Math.min(rows.length - 1, y + step[1]));
    tell();
  });
}

// --- groups side by side

function compare() {
  const place = byId("compare"), select = byId("by"), table = document.querySelector(".compared");
  if (!place || !data.compared.length) return;
  const calls = column("mrics");
  data.compared.forEach((one, at) => select.append(element("option", one.title, {value: at})));
  function draw() {
    const by = data.compared[select.value], used = data.inGroup.map((inside, at) => inside ? at : -1).filter(at => at >= 0);
    const count = new Map(), totals = new Map(), codes = new Set();
    for (const at of used) {
      const group = textOf(by, at), code = textOf(calls, at);
      totals.set(group, (totals.get(group) ?? 0) + 1);
      count.set(`${group}\n${code}`, (count.get(`${group}\n${code}`) ?? 0) + 1);
      codes.add(code);
    }
    const rank = code => { const found = data.order.mrics.indexOf(code); return found < 0 ? data.order.mrics.length : found; };
    const groups = [...totals.keys()].sort(new Intl.Collator("en", {numeric: true}).compare);
    const head = element("tr");
    head.append(element("th", "MRICS", {scope: "col"}), ...groups.map(group => element("th", `${group} (n = ${totals.get(group)})`, {scope: "col"})));
    const rows = [...codes].sort((a, b) => rank(a) - rank(b)).map(code => {
      const made = element("tr");
      made.append(element("th", code === "n/a" ? "not called" : code, {scope: "row"}), ...groups.map(group => {
        const hits = count.get(`${group}\n${code}`) ?? 0, [share, low, high] = wilson(hits, totals.get(group)).map(two);
        const cell = element("td", `${hits} · ${share} % `);
        cell.append(element("span", `${low} to ${high}`, {class: "ends"}));
        return cell;
      }));
      return made;
    });
    const top = element("thead"), body = element("tbody");
    top.append(head);
    body.append(...rows);
    table.replaceChildren(element("caption", `MRICS by ${by.title.toLowerCase()}, ${used.length} of ${data.n} scans`), top, body);
  }
  select.addEventListener("input", draw);
  place.hidden = false;
  draw();
}

// --- a scan as a dot on every spread

function showDot(name) {
  const input = byId("dot"), names = column("name"), code = names.words.indexOf(name);
  if (!input) return;
  input.value = name;
  const place = code < 0 ? -1 : names.values.indexOf(code);
  byId("dot-says").textContent = place < 0 && name ? "no such scan" : "";
  for (const figure of document.querySelectorAll(".spreads figure")) {
    const one = data.spreads[figure.dataset.place], value = place < 0 ? null : one.values[place];
    const dot = figure.querySelector("circle");
    dot.setAttribute("cx", value === null ? -9 : (240 * (value - one.low) / (one.high - one.low)).toFixed(1));
    figure.title = value === null ? "" : `${name}: ${two(value)}`;
  }
}
function dots() {
  const input = byId("dot");
  if (!input) return;
  byId("names").append(...column("name").words.slice(0, 1000).map(name => element("option", undefined, {value: name})));
  input.addEventListener("input", () => showDot(input.value.trim()));
  document.querySelector(".dot-choice").hidden = false;
}

scansTable();
frequencyMap();
heatMap();
compare();
dots();
