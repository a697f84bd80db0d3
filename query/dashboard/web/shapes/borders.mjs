// The comuni's shapes are coarser than the provinces', and were simplified apart:
// their borders run beside each other. Here the comuni take over the provinces'
// borders: where a border between comuni meets that of a province is moved onto the
// finer line, and between two such points the finer line is followed. What finds no
// counterpart stays as it is. Provinces and regions are then dissolved from the
// result, so all files agree to the last unit.

import { UNITS_PER_KM, area } from "./plane.mjs";

// Farther than this the finer line is another one. The coarse lines leave triangles
// of up to 2 km² out, which a cape of 4 km by 1 km is.
const REACH = 3 * UNITS_PER_KM;

// adopt returns the comuni's arcs with the borders of provinces taken from the finer
// topology. Both are {arcs: points of the plane, users: province codes by arc}.
export function adopt(coarse, fine) {
  const lines = byBorder(fine);
  const borders = coarse.users.map(border);
  const moved = moveNodes(coarse, borders, lines, nodesOf(fine));
  let followed = 0;
  const arcs = coarse.arcs.map((arc, i) => {
    const ends = [arc[0], arc[arc.length - 1]].map((end) => moved.get(String(end)) ?? end);
    const finer = borders[i] && follow(arc, ends, lines.get(borders[i]) ?? []);
    if (finer) followed++;
    return finer || [ends[0], ...arc.slice(1, -1), ends[1]];
  });
  return { arcs, followed, all: borders.filter(Boolean).length };
}

// usersOf lists for each arc the provinces whose geometries have it in their rings:
// twice the same one where the arc is inside of it.
export function usersOf(topology, object, province) {
  const users = topology.arcs.map(() => []);
  const visit = (arcs, code) => {
    for (const arc of arcs) {
      if (Array.isArray(arc)) visit(arc, code);
      else users[arc < 0 ? ~arc : arc].push(code);
    }
  };
  for (const geometry of topology.objects[object].geometries) visit(geometry.arcs, province(geometry.id));
  return users;
}

// border names what an arc parts: two provinces, or one from the sea and from abroad.
// Null for what is inside of a province.
function border(users) {
  if (users.length === 1) return `${users[0]}|`;
  return users[0] === users[1] ? null : [...users].sort().join("|");
}

function byBorder({ arcs, users }) {
  const lines = new Map();
  arcs.forEach((arc, i) => {
    const name = border(users[i]);
    if (name) lines.set(name, [...(lines.get(name) ?? []), arc]);
  });
  return lines;
}

// nodesOf gives the points where arcs of different borders meet, with those borders.
function nodesOf({ arcs, users }) {
  const nodes = new Map();
  arcs.forEach((arc, i) => {
    const name = border(users[i]);
    for (const end of [arc[0], arc[arc.length - 1]]) {
      const node = nodes.get(String(end)) ?? { at: end, names: new Set() };
      nodes.set(String(end), node);
      if (name) node.names.add(name);
    }
  });
  return [...nodes.values()].filter(({ names }) => names.size > 1);
}

// moveNodes finds for each end of a border's arc its place on the finer lines: where
// borders meet, the finer point where the same ones do, else the nearest of the line.
function moveNodes(coarse, borders, lines, fineNodes) {
  const nodes = new Map();
  coarse.arcs.forEach((arc, i) => {
    if (!borders[i] || closed(arc)) return;
    for (const end of [arc[0], arc[arc.length - 1]]) {
      const node = nodes.get(String(end)) ?? { at: end, names: new Set() };
      nodes.set(String(end), node);
      node.names.add(borders[i]);
    }
  });
  const moved = new Map();
  for (const [key, { at, names }] of nodes) {
    const place = names.size > 1 ? meeting(at, names, fineNodes) : nearest(at, lines.get([...names][0]) ?? []);
    if (place && distance(at, place) <= REACH) moved.set(key, place);
  }
  return moved;
}

function meeting(at, names, nodes) {
  let best = null;
  for (const node of nodes) {
    if ([...names].every((name) => node.names.has(name)) && (!best || distance(at, node.at) < distance(at, best))) best = node.at;
  }
  return best;
}

function nearest(at, lines) {
  let best = null;
  for (const line of lines) {
    const place = project(at, line).at;
    if (!best || distance(at, place) < distance(at, best)) best = place;
  }
  return best;
}

// follow gives the part of a finer line between two ends that lie on it, in the
// arc's direction. Null where there is none that stays near the arc.
function follow(arc, ends, lines) {
  let best = null;
  for (const line of lines) {
    for (const way of closed(arc) ? around(arc, line) : between(ends, line)) {
      const off = deviation(way, arc);
      if (off <= REACH && (!best || off < best.off)) best = { off, way };
    }
  }
  return best?.way;
}

// around: a whole island, if the line is one too and about as large.
function around(arc, line) {
  if (!closed(line)) return [];
  const ratio = area(line) / area(arc);
  if (Math.abs(ratio) < 0.5 || Math.abs(ratio) > 2) return [];
  return [ratio > 0 ? line : [...line].reverse()];
}

// between: the ways along a line from one end to the other: one, or two on a ring.
function between([first, last], line) {
  const from = project(first, line);
  const to = project(last, line);
  if (from.off > 1e-6 || to.off > 1e-6 || from.t === to.t) return [];
  const part = (a, b) => line.slice(Math.floor(a.t) + 1, Math.ceil(b.t));
  const ways = [from.t < to.t ? part(from, to) : part(to, from).reverse()];
  if (closed(line)) {
    const whole = [...line.slice(Math.floor(Math.max(from.t, to.t)) + 1), ...line.slice(1, Math.ceil(Math.min(from.t, to.t)))];
    ways.push(from.t < to.t ? whole.reverse() : whole);
  }
  return ways.map((way) => [first, ...way, last]);
}

// project finds the point of a line nearest to another: t is the vertex before it,
// and how far it is to the next.
function project(point, line) {
  let best = { off: Infinity, t: 0, at: line[0] };
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]];
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const share = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy || 1);
    const t = Math.min(1, Math.max(0, share));
    const at = t === 0 ? a : t === 1 ? b : [a[0] + t * dx, a[1] + t * dy];
    const off = distance(point, at);
    if (off < best.off) best = { off, t: i - 1 + t, at };
  }
  return best;
}

// deviation is how far two lines are from each other where they are farthest.
function deviation(one, other) {
  const from = (a, b) => Math.max(...a.map((point) => project(point, b).off));
  return Math.max(from(one, other), from(other, one));
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const closed = (arc) => String(arc[0]) === String(arc[arc.length - 1]);
