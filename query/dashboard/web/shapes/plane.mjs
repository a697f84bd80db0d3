// From longitude and latitude to the plane of all files here: Albers' equal-area
// cone of Italy, so that a region is not larger on the map than in the country. One
// unit is 50 m; x grows to the east and y to the south, as in SVG.

import { geoConicEqualArea } from "d3-geo";

const EARTH_KM = 6371.0088;
export const UNITS_PER_KM = 20;

const cone = geoConicEqualArea()
  .parallels([38, 46])
  .rotate([-12.5, 0])
  .center([0, 42])
  .translate([11000, 13500])
  .scale(EARTH_KM * UNITS_PER_KM);

// unpack gives a topology's arcs as points of the plane.
export function unpack(topology) {
  const { scale, translate } = topology.transform;
  return topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return cone([x * scale[0] + translate[0], y * scale[1] + translate[1]]);
    });
  });
}

// round puts a ring on the grid, without points that fall on the one before, and
// without the there and back of a spike. Null where nothing is left.
export function round(ring) {
  const points = [];
  for (const [x, y] of ring) {
    const point = [Math.round(x), Math.round(y)];
    if (same(point, points[points.length - 1])) continue;
    if (same(point, points[points.length - 2])) points.pop();
    else points.push(point);
  }
  return points.length < 4 || area(points) === 0 ? null : points;
}

const same = (a, b) => b !== undefined && a[0] === b[0] && a[1] === b[1];

// area of a ring in square units, with a sign that tells its direction.
export function area(ring) {
  let twice = 0;
  for (let i = 1; i < ring.length; i++) twice += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return twice / 2;
}
