// The operator's page of a network, with made-up networks to look at: the files
// are those that a node serves (internal/node/picture), what it would say is here.
import { readFile } from 'node:fs/promises';

const files = new URL('../../internal/node/picture/', import.meta.url);
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Nodes with coordinates, the first the one that is looked at. */
const cities = [
  ['eu', 'example', 52.5, 13.4],
  ['eu', 'example', 53.3, -6.3],
  ['eu', 'fjord', 59.9, 10.8],
  ['eu', 'levante', 39.5, -0.4],
  ['us', 'example', 41.9, -87.6],
  ['us', 'prairie', 32.8, -96.8],
  ['br', 'example', -23.5, -46.6],
  ['jp', 'example', 34.7, 135.5],
  ['in', 'example', 19.1, 72.9],
  ['za', 'example', -33.9, 18.4],
];
const label = (i) => (0x51a3f09b ^ (i * 0x9e3779b1)).toString(16).replace('-', '').padStart(8, '0');

function links(nodes, rtt) {
  const all = [];
  for (let a = 0; a < nodes.length; a++) {
    for (let b = 0; b < nodes.length; b++) {
      if (a === b) continue;
      const down = nodes[a].down || nodes[b].down || false;
      const loss = (a === 0 && b === 8) || (a === 8 && b === 0) ? 0.034 : 0.001 * ((a * b) % 4);
      all.push({
        from: a,
        to: b,
        rtt_ms: down ? 0 : rtt(a, b),
        loss,
        jitter_ms: 0.4 + ((a + b) % 5),
        down,
      });
    }
  }
  return all;
}

const counts = {
  passed: 1_284_113,
  delivered: 402_771,
  copied: 1_902,
  grafts: 3,
  tree_changes: 17,
  outside: 0,
  forged: 4,
  unknown_key: 212,
};

/** A network around the world, with the tree of a room that begins here. */
export function onMap() {
  const nodes = cities.map(([region, operator, latitude, longitude], i) => ({
    ...{ label: label(i), region, operator, latitude, longitude },
    ...(i === 9 ? { down: true } : { in_use: i < 7 }),
  }));
  const rtt = (a, b) => {
    const [, , p, q] = cities[a];
    const [, , r, s] = cities[b];
    return Math.round((4 + Math.hypot(p - r, q - s) * 1.9) * 10) / 10;
  };
  const spot = (node, parent, backup, listener, delay_ms) => ({
    node,
    parent,
    backup,
    listener,
    delay_ms,
  });
  const tree = {
    ...{ owner: 0, whole: true, version: 12, generation: 0, fence: 'br+eu+us' },
    spots: [
      spot(0, -1, -1, false, 0),
      spot(1, 0, -1, false, 20.7),
      spot(2, 0, 1, true, 10.2),
      spot(3, 0, 1, true, 19.4),
      spot(4, 1, 0, true, 103.1),
      spot(5, 4, 1, true, 118.9),
      spot(6, 3, 4, true, 99.6),
    ],
  };
  const route = '9f31c04ab2d8e671';
  return {
    at: new Date().toISOString(),
    ...{ nodes, links: links(nodes, rtt), rooms: ['27ab5fd31c9e4408', route], room: route },
    ...{ trees: [tree], trees_owned: 1, trees_with_a_place: 4, counts },
  };
}

/** A larger one, of which nobody has said where it is; seen by a node that only listens. */
export function inCircle() {
  const nodes = Array.from({ length: 30 }, (_, i) => ({
    label: label(i),
    region: ['eu', 'us', 'jp', 'br', 'in'][i % 5],
    operator: ['example', 'fjord', 'prairie'][i % 3],
    in_use: i < 6,
  }));
  const tree = {
    ...{ owner: 7, whole: false, version: 3, generation: 1, fence: '*' },
    spots: [
      { node: 7, parent: -1, backup: -1 },
      { node: 12, parent: -1, backup: -1 },
      { node: 0, parent: 12, backup: 7, listener: true },
      { node: 10, parent: 0, backup: -1 },
      { node: 20, parent: 0, backup: -1 },
    ],
  };
  const other = {
    ...tree,
    owner: 3,
    spots: [
      { node: 3, parent: -1, backup: -1 },
      { node: 0, parent: 3, backup: 12, listener: true },
    ],
  };
  const route = '27ab5fd31c9e4408';
  return {
    at: new Date().toISOString(),
    ...{
      nodes,
      links: links(nodes, (a, b) => 8 + ((a * 13 + b * 13) % 140)),
      rooms: [route],
      room: route,
    },
    ...{ trees: [tree, other], trees_owned: 0, trees_with_a_place: 2, counts },
  };
}

/** A node alone. */
export const alone = () => ({
  at: new Date().toISOString(),
  ...{
    nodes: [{ label: label(0) }],
    links: [],
    rooms: [],
    trees: [],
    trees_owned: 0,
    trees_with_a_place: 0,
  },
  counts: {},
});

/** Has a page's requests for the operator's address answered as a node would. */
export async function serveNetwork(page, language, network) {
  const headers = { 'content-security-policy': csp };
  await page.route('**/admin/network*', async (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    if (pathname.endsWith('.json')) {
      const chosen = searchParams.get('room') === network.room;
      const body = chosen ? network : { ...network, room: undefined, trees: [] };
      return route.fulfill({ headers, json: body });
    }
    const name = pathname.split('/').pop();
    const file = name === 'network' ? 'page.html' : name;
    const text = (await readFile(new URL(file, files), 'utf8'))
      .replace('{{.}}', language)
      .replace(/{{.*?}}/g, '');
    const contentType = { html: 'text/html', js: 'text/javascript', css: 'text/css' }[
      file.split('.')[1]
    ];
    return route.fulfill({ headers, contentType, body: text });
  });
}
