"use strict";
(async () => {
  const box = document.getElementById("viewer"), find = id => document.getElementById("viewer-" + id);
  if (!box || typeof DecompressionStream === "undefined") return;
  const data = JSON.parse(find("data").textContent), dims = data.shape, count = dims[0] * dims[1] * dims[2];
  const strides = [1, dims[0], dims[0] * dims[1]], regions = data.regions || [];
  const PLANES = {axial: [0, 1, 2, "L", "R"], coronal: [0, 2, 1, "L", "R"], sagittal: [1, 2, 0, "P", "A"]};
  const COLOURS = {csf: [86, 180, 233], deep_grey: [47, 197, 152]}, OTHER = [221, 146, 189], LESION = [255, 122, 26];

  async function unpack(packed) {
    const raw = Uint8Array.from(atob(packed.deflated), c => c.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
    const buffer = await new Response(stream).arrayBuffer();
    return packed.bytes === 1 ? new Uint8Array(buffer) : new Uint16Array(buffer);
  }
  async function decode(address) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d", {willReadFrequently: true});
    sheet.drawImage(picture, 0, 0);
    const across = Math.round(picture.width / dims[0]), cells = new Uint8Array(count);
    const pixels = sheet.getImageData(0, 0, picture.width, picture.height).data;
    for (let z = 0, i = 0; z < dims[2]; z++)
      for (let y = 0; y < dims[1]; y++) {
        const row = (Math.floor(z / across) * dims[1] + y) * picture.width + (z % across) * dims[0];
        for (let x = 0; x < dims[0]; x++) cells[i++] = pixels[4 * (row + x)];
      }
    return cells;
  }

  const volumes = {}, proposed = box.classList.contains("proposed");
  const lesion = data.lesion && await unpack(data.lesion), labels = data.labels && await unpack(data.labels);
  const first = Object.keys(data.images)[0];
  volumes[first] = await decode(data.images[first]);
  let shown = first;
  const clamp = (value, axis) => Math.max(0, Math.min(dims[axis] - 1, value));
  const cellOf = mm => mm.map((value, axis) => clamp(Math.round((value - data.origin[axis]) / data.cell), axis));
  const offset = at => at[0] + strides[1] * at[1] + strides[2] * at[2];
  let at = cellOf(data.start);
  if (lesion) at = nearest(at, i => lesion[i]) || at;
  const on = name => find(name) && find(name).checked ? find(name + "-opacity").value / 100 : 0;
  const mirrored = plane => plane !== "sagittal" && find("radiological").checked;
  const group = label => label ? regions[label - 1].group : 0;

  function paint(plane) {
    const [a, u, n] = PLANES[plane], w = dims[a], h = dims[u], canvas = plane_of(plane).querySelector("canvas");
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    const context = canvas.getContext("2d"), image = context.createImageData(w, h), pixels = image.data;
    const grey = volumes[shown], flip = mirrored(plane), seen = lesion ? on("lesion") : 0, lined = labels ? on("atlas") : 0;
    const mix = (p, colour, share) => { for (let k = 0; k < 3; k++) pixels[p + k] += share * (colour[k] - pixels[p + k]); };
    for (let r = 0; r < h; r++)
      for (let c = 0; c < w; c++) {
        const across = flip ? w - 1 - c : c, up = h - 1 - r, p = 4 * (r * w + c);
        const i = across * strides[a] + up * strides[u] + at[n] * strides[n];
        pixels[p] = pixels[p + 1] = pixels[p + 2] = grey[i];
        pixels[p + 3] = 255;
        if (lined) {
          const mine = labels[i];
          const right = across + 1 < w ? labels[i + strides[a]] : 0, above = up + 1 < h ? labels[i + strides[u]] : 0;
          if (group(mine) !== group(right) || group(mine) !== group(above))
            mix(p, COLOURS[regions[(mine || right || above) - 1].tissue] || OTHER, lined);
        }
        if (seen && lesion[i]) {
          const inner = across > 0 && up > 0 && across + 1 < w && up + 1 < h && lesion[i - strides[a]]
            && lesion[i + strides[a]] && lesion[i - strides[u]] && lesion[i + strides[u]];
          const dash = proposed && ((across + up) >> 1) % 2;
          mix(p, LESION, inner || dash ? seen : Math.min(1, 2 * seen));
        }
      }
    context.putImageData(image, 0, 0);
    mark(plane);
  }
  const plane_of = plane => box.querySelector(`[data-plane=${plane}]`);
  const mm = axis => data.origin[axis] + data.cell * at[axis];
  const written = value => (Math.round(value) || 0).toString().replace("-", "−");
  function mark(plane) {
    const [a, u, n, low, high] = PLANES[plane], part = plane_of(plane), flip = mirrored(plane);
    const across = (at[a] + .5) / dims[a];
    part.querySelector(".up").style.left = `${100 * (flip ? 1 - across : across)}%`;
    part.querySelector(".across").style.top = `${100 * (1 - (at[u] + .5) / dims[u])}%`;
    part.querySelector(".at-left").textContent = flip ? high : low;
    part.querySelector(".at-right").textContent = flip ? low : high;
    const slider = part.querySelector("input");
    slider.max = dims[n] - 1;
    slider.value = at[n];
    const place = `${plane[0].toUpperCase()}${plane.slice(1)}, ${"xyz"[n]} = ${written(mm(n))} mm`;
    part.querySelector("label span").textContent = place;
    slider.setAttribute("aria-valuetext", place);
  }
  function tell(cell) {
    const where = cell.map((value, axis) => written(data.origin[axis] + data.cell * value)).join(", ");
    const i = offset(cell), region = labels && labels[i] ? regions[labels[i] - 1] : null, words = [`x, y, z = ${where} mm`];
    if (region) words.push([region.name, region.lobe, region.side].filter(Boolean).join(", ") + ": " + region.load);
    else words.push(labels ? "outside the atlas" : "no atlas");
    if (lesion) words.push(lesion[i] ? "in the lesion mask" : "not in the lesion mask");
    box.querySelector(".under").textContent = words.join(" · ");
  }
  function draw() {
    Object.keys(PLANES).forEach(paint);
    Object.assign(box.dataset, {at: at.join(" "), contrast: shown});
    box.querySelector(".viewer-side").textContent = find("radiological").checked
      ? "Radiological view: the patient's LEFT is on the RIGHT of axial and coronal slices."
      : "Neurological view: left is left.";
    tell(at);
  }
  let waiting = false;
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
  function move(axis, by) {
    const next = clamp(at[axis] + by, axis), moved = next !== at[axis];
    at[axis] = next;
    if (moved) redraw();
    return moved;
  }
  function jump(cell) {
    at = cell;
    draw();
    box.scrollIntoView({block: "start"});
    plane_of("axial").querySelector("canvas").focus({preventScroll: true});
  }
  // The cell that `holds` nearest to a point: a mean may lie outside what it is the mean of.
  function nearest(point, holds) {
    let best = null, least = Infinity;
    for (let z = 0, i = 0; z < dims[2]; z++) for (let y = 0; y < dims[1]; y++) for (let x = 0; x < dims[0]; x++, i++) {
      if (!holds(i)) continue;
      const far = (x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2;
      if (far < least) { least = far; best = [x, y, z]; }
    }
    return best;
  }
  function middle(holds) {
    const sum = [0, 0, 0];
    let n = 0;
    for (let z = 0, i = 0; z < dims[2]; z++) for (let y = 0; y < dims[1]; y++) for (let x = 0; x < dims[0]; x++, i++)
      if (holds(i)) { n++; sum[0] += x; sum[1] += y; sum[2] += z; }
    return n ? nearest(sum.map(value => value / n), holds) : null;
  }
  function structure(name) {
    const chosen = side => new Set(regions.flatMap((r, k) => r.name === name && (!side || r.side === side) ? [k + 1] : []));
    const tally = {};
    if (lesion) for (let i = 0; i < count; i++)
      if (lesion[i] && labels[i] && regions[labels[i] - 1].name === name) {
        const {side} = regions[labels[i] - 1];
        tally[side] = (tally[side] || 0) + 1;
      }
    const side = Object.keys(tally).sort((a, b) => tally[b] - tally[a])[0] || regions.find(r => r.name === name).side;
    const set = chosen(side);
    return middle(i => set.has(labels[i]) && (!tally[side] || lesion[i])) || middle(i => set.has(labels[i]));
  }

  for (const plane of Object.keys(PLANES)) {
    const part = plane_of(plane), canvas = part.querySelector("canvas"), [a, u, n] = PLANES[plane];
    const under = event => {
      const edge = canvas.getBoundingClientRect(), cell = [...at];
      const x = Math.floor((event.clientX - edge.left) / edge.width * dims[a]);
      cell[a] = clamp(mirrored(plane) ? dims[a] - 1 - x : x, a);
      cell[u] = clamp(dims[u] - 1 - Math.floor((event.clientY - edge.top) / edge.height * dims[u]), u);
      return cell;
    };
    let turned = 0;
    canvas.addEventListener("wheel", event => {
      turned += event.deltaMode ? 50 * event.deltaY : event.deltaY;
      const steps = Math.trunc(turned / 50);
      turned -= 50 * steps;
      if (!steps || move(n, -steps)) event.preventDefault(); // at the last slice the page scrolls on
    }, {passive: false});
    canvas.addEventListener("pointerdown", event => { at = under(event); redraw(); });
    canvas.addEventListener("pointermove", event => {
      if (event.buttons & 1) { at = under(event); redraw(); } else tell(under(event));
    });
    canvas.addEventListener("pointerleave", () => tell(at));
    canvas.addEventListener("keydown", event => {
      const side = mirrored(plane) ? -1 : 1;
      const step = {ArrowUp: [n, 1], ArrowDown: [n, -1], PageUp: [n, 10], PageDown: [n, -10],
        ArrowLeft: [a, -side], ArrowRight: [a, side]}[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move(event.shiftKey && step[0] === n ? u : step[0], step[1]);
    });
    part.querySelector("input").addEventListener("input", event => { at[n] = +event.target.value; redraw(); });
  }
  box.querySelector(".viewer-choices").addEventListener("input", async () => {
    const wanted = find("contrast").value;
    volumes[wanted] = volumes[wanted] || await decode(data.images[wanted]);
    shown = wanted;
    redraw();
  });
  const button = (cell, label, where) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "jump";
    made.title = `Show ${label} in the viewer`;
    made.append(...cell.childNodes);
    made.addEventListener("click", () => { const found = where(); if (found) jump(found); });
    cell.append(made);
  };
  for (const cell of document.querySelectorAll("[data-at-mm]"))
    if (lesion) button(cell, `lesion ${cell.textContent}`, () =>
      nearest(cellOf(cell.dataset.atMm.split(" ").map(Number)), i => lesion[i]));
  for (const cell of document.querySelectorAll("[data-structure]"))
    if (labels && regions.some(region => region.name === cell.dataset.structure))
      button(cell, cell.dataset.structure, () => structure(cell.dataset.structure));
  box.hidden = false;
  draw();
})().catch(() => { /* the pictures below stand */ });
