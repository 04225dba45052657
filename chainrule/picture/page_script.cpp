#include "chainrule/picture/page.h"

namespace chainrule::detail {

std::string_view page_script() {
  return R"js(
'use strict';
const byId = id => document.getElementById(id);
const data = JSON.parse(byId('data').textContent);
const svg = document.querySelector('svg.graph');
const all = (selector, root = svg) => [...root.querySelectorAll(selector)];

// What a node is made of: edges that end in it and that leave it.
data.nodes.forEach((n, i) => {
  n.ins = data.edges.filter(e => e.to_node === i);
  n.outs = data.edges.filter(e => e.from_node === i);
});
data.edges.forEach((e, i) => { e.index = i; });

// ---- The steps: forward node by node, then backward.
const steps = [{text: 'the inputs'}];
const computed = data.nodes.map(() => 0);       // step in which a node has its value
const differentiated = data.nodes.map(() => -1);  // step in which it hands its gradient down
data.nodes.forEach((n, i) => {
  if (n.kind !== 'operation') return;
  computed[i] = steps.length;
  steps.push({node: i, text: `forward: ${n.name} = ${n.formula}` +
    (n.numbers ? ` = ${n.numbers}` : '') + ` = ${short(n.value, n.shape)}`});
});
const output = data.nodes.findIndex(n => n.name === data.output);
const started = steps.length;
if (data.nodes[output].gradient !== undefined) {
  steps.push({text: `backward: the gradient of ${data.output} by itself is ` +
    short(data.nodes[output].gradient, data.nodes[output].shape)});
  for (let i = data.nodes.length - 1; i >= 0; --i) {
    const edges = data.nodes[i].ins.filter(e => e.formula !== undefined);
    if (edges.length === 0) continue;
    differentiated[i] = steps.length;
    steps.push({node: i, edges, text: 'backward: ' + edges.map(sentence).join('; ')});
  }
}

function short(value, shape) {
  if (value === null || value === undefined) return (shape || []).join(' × ');
  const text = JSON.stringify(value, (k, v) => typeof v === 'number' ? Number(v.toPrecision(5)) : v);
  return text.length <= 60 ? text.replaceAll(',', ', ') : shape.join(' × ') + ' numbers';
}

function sentence(e) {
  const from = data.nodes[e.from_node], to = data.nodes[e.to_node];
  const name = `d ${data.output}/d ${from.name}` + (from.outs.length > 1 ? ` by ${to.name}` : '');
  const up = e.is_factor ? `${short(e.upstream, to.shape)} × ${e.formula}` : e.formula;
  return `${name} = ${up} = ${short(e.downstream, from.shape)}`;
}

const slider = byId('step');
slider.max = steps.length - 1;
function show(step) {
  slider.value = step;
  const at = Number(slider.value), now = steps[at];
  byId('where').textContent = `step ${at} of ${steps.length - 1}, ${now.text}`;
  slider.setAttribute('aria-valuetext', now.text);
  const toggle = (element, visible) => element.classList.toggle('off', !visible);
  all('[data-value]').forEach(t => toggle(t, computed[t.dataset.value] <= at));
  all('text.gradient[data-edge]').forEach(t => {
    const done = differentiated[data.edges[t.dataset.edge].to_node];
    toggle(t, done >= 0 && done <= at);
  });
  all('[data-gradient]').forEach(t => {
    const uses = data.nodes[t.dataset.gradient].outs.filter(e => e.formula !== undefined);
    const done = Math.max(started, ...uses.map(e => differentiated[e.to_node]));
    toggle(t, done <= at);
  });
  all('.now').forEach(t => t.classList.remove('now'));
  if (now.node === undefined || at === steps.length - 1) return;
  all(`[data-node="${now.node}"]`).forEach(t => t.classList.add('now'));
  const edges = now.edges || data.nodes[now.node].ins;
  edges.forEach(e => all(`path[data-edge="${e.index}"]`).forEach(t => t.classList.add('now')));
}
function go(step) {
  show(Math.min(Math.max(step, 0), steps.length - 1));
  const now = steps[slider.value];
  if (now.node !== undefined) reveal(now.node);
}
slider.addEventListener('input', () => go(Number(slider.value)));
byId('back').addEventListener('click', () => go(Number(slider.value) - 1));
byId('forward').addEventListener('click', () => go(Number(slider.value) + 1));

// ---- A node opened.
const panel = byId('panel');
function add(parent, tag, text, name) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  parent.append(element);
  return element;
}
const digits = x => x === null ? 'not finite' : typeof x === 'number' ? String(Number(x.toPrecision(6))) : x;
function matrix(parent, value, name) {
  if (value === null || value === undefined) return add(parent, 'p', 'too large to show', 'hint');
  if (!Array.isArray(value)) return add(parent, 'p', digits(value), 'term ' + (name || ''));
  const rows = Array.isArray(value[0]) ? value : [value];
  const box = add(parent, 'div', undefined, 'matrix ' + (name || ''));
  box.tabIndex = 0;
  const table = add(box, 'table');
  rows.slice(0, 16).forEach(r => {
    const line = add(table, 'tr');
    r.flat(3).slice(0, 16).forEach(x => add(line, 'td', digits(x)));
    if (r.flat(3).length > 16) add(line, 'td', '…');
  });
  if (rows.length > 16) add(add(table, 'tr'), 'td', '…');
  return box;
}
function statistics(parent, s) {
  if (!s) return;
  add(parent, 'p', `${s.size} numbers from ${digits(s.min)} to ${digits(s.max)}, mean ${digits(s.mean)}, ` +
    `deviation ${digits(s.deviation)}, ${Math.round(100 * s.zeros / s.size)} % are zero`, 'hint');
}
function open(i) {
  const n = data.nodes[i];
  all('.chosen').forEach(t => t.classList.remove('chosen'));
  all(`[data-node="${i}"]`).forEach(t => t.classList.add('chosen'));
  panel.replaceChildren();
  add(panel, 'h2', n.name);
  add(panel, 'p', (n.op ? n.op : n.kind) + (n.shape.length ? ', ' + n.shape.join(' × ') : ''), 'hint');
  if (n.formula) {
    add(panel, 'h3', 'Formula');
    add(panel, 'p', `${n.name} = ${n.formula}`, 'formula');
    if (n.numbers) add(panel, 'p', `= ${n.numbers} = ${digits(n.value)}`, 'formula');
    if (n.source) add(panel, 'p', n.source, 'source');
  }
  add(panel, 'h3', 'Value');
  if (n.value !== null) matrix(panel, n.value);
  statistics(panel, n.value_stats);
  if (n.gradient !== undefined) {
    add(panel, 'h3', `Gradient d ${data.output}/d ${n.name}`);
    if (n.gradient !== null) matrix(panel, n.gradient, 'gradient');
    statistics(panel, n.gradient_stats);
    const uses = n.outs.filter(e => e.formula !== undefined);
    if (uses.length > 0) add(panel, 'h3', uses.length > 1
      ? `Contributions: ${uses.length} paths meet here` : 'Where it comes from');
    uses.forEach(e => add(panel, 'p', sentence(e), 'term'));
    if (uses.length > 1)
      add(panel, 'p', `sum = ${short(n.gradient, n.shape)}`, 'term gradient');
  }
  n.ins.filter(e => e.formula !== undefined).forEach(e => {
    const from = data.nodes[e.from_node];
    add(panel, 'h3', `Local derivative d ${n.name}/d ${from.name}`);
    add(panel, 'p', e.is_factor ? `= ${e.formula}` : `gradient of ${from.name} = ${e.formula}`, 'formula');
    if (e.local !== null) matrix(panel, e.local);
  });
  if (n.check) {
    const verdicts = {ok: 'ok', differs: 'differs', 'not finite': 'finite', kink: 'hint'};
    add(panel, 'h3', 'Numerical check');
    const text = n.shape.length === 0 ? `${digits(n.check.numerical)}: ${n.check.verdict}`
      : `${n.check.verdict}, ${n.check.checked} elements, relative error at most ` +
        n.check.max_relative_error.toExponential(1);
    add(panel, 'p', text, verdicts[n.check.verdict]);
  }
}
all('[data-node]').forEach(element => {
  const i = Number(element.dataset.node);
  element.addEventListener('click', () => { if (!moved) open(i); });
  element.addEventListener('keydown', event => {
    const n = data.nodes[i];
    const focus = j => all(`[data-node="${j}"]`)[0].focus();
    if (event.key === 'Enter' || event.key === ' ') open(i);
    else if (event.key === 'ArrowLeft' && n.ins.length) focus(n.ins[0].from_node);
    else if (event.key === 'ArrowRight' && n.outs.length) focus(n.outs[0].to_node);
    else return;
    event.preventDefault();
  });
});

// ---- Pan and zoom.
const stage = byId('stage');
const whole = svg.viewBox.baseVal;
const size = {x: 0, y: 0, w: whole.width, h: whole.height};
let view = {...size};
const pointers = new Map();
let moved = false;
function draw() { svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.w} ${view.h}`); }
function scale() {
  const box = stage.getBoundingClientRect();
  return Math.max(view.w / box.width, view.h / box.height);
}
function zoom(factor, px, py) {
  const w = Math.min(Math.max(view.w * factor, 120), size.w * 4), f = w / view.w;
  view = {x: px - (px - view.x) * f, y: py - (py - view.y) * f, w, h: view.h * f};
  draw();
}
function zoomMiddle(factor) { zoom(factor, view.x + view.w / 2, view.y + view.h / 2); }
function point(event) {
  const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [p.x, p.y];
}
// Moves what a step is about to the middle when it cannot be seen, as on a narrow page.
function reveal(i) {
  const box = all(`[data-node="${i}"]`)[0].getBBox(), margin = 30;
  const middle = (at, length, from, span, whole) =>
    at - margin >= from && at + length + margin <= from + span ? from
      : Math.min(Math.max(at + length / 2 - span / 2, 0), Math.max(whole - span, 0));
  view.x = middle(box.x, box.width, view.x, view.w, size.w);
  view.y = middle(box.y, box.height, view.y, view.h, size.h);
  draw();
}
function fit() {
  // A wide graph would be too small to read on a narrow page: then only its beginning is shown.
  const width = stage.clientWidth, scale = Math.min(Math.max(width / size.w, 0.75), 1.3);
  stage.style.height = `${Math.min(Math.max(size.h * scale + 50, 240), innerHeight * 0.66)}px`;
  view = {...size};
  if (width < size.w * scale) {
    view.w = width / scale;
    view.h = stage.clientHeight / scale;
    view.y = (size.h - view.h) / 2;
  }
  draw();
}
byId('in').addEventListener('click', () => zoomMiddle(0.75));
byId('out').addEventListener('click', () => zoomMiddle(1 / 0.75));
byId('fit').addEventListener('click', () => { view = {...size}; draw(); });
stage.addEventListener('wheel', event => {
  event.preventDefault();
  zoom(Math.exp(event.deltaY * 0.0015), ...point(event));
}, {passive: false});
stage.addEventListener('pointerdown', event => {
  if (event.target.closest('button')) return;
  pointers.set(event.pointerId, event);
  moved = false;
});
addEventListener('pointermove', event => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const others = [...pointers.values()].filter(p => p.pointerId !== event.pointerId);
  if (others.length === 1) {
    const other = others[0];
    const d0 = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
    const d1 = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
    if (d0 > 0 && d1 > 0) zoom(d0 / d1, ...point(other));
    moved = true;
  } else if (others.length === 0) {
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (!moved && Math.hypot(dx, dy) < 4) return;
    moved = true;
    view.x -= dx * scale();
    view.y -= dy * scale();
    draw();
  }
  pointers.set(event.pointerId, event);
});
for (const end of ['pointerup', 'pointercancel'])
  addEventListener(end, event => pointers.delete(event.pointerId));
document.addEventListener('keydown', event => {
  if (event.target.matches('input, pre') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '+' || event.key === '=') zoomMiddle(0.75);
  else if (event.key === '-') zoomMiddle(1 / 0.75);
  else if (event.key === '0') { view = {...size}; draw(); }
});
addEventListener('beforeprint', () => {
  view = {...size}; draw(); show(steps.length - 1);
  all('details', document).forEach(d => { d.open = true; });
});

fit();
show(steps.length - 1);
open(output);
)js";
}

}  // namespace chainrule::detail
