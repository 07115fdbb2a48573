// The operator's picture of the network: nodes, links and the ways of one room's
// voices, drawn anew each second from /admin/network.json. The tables say the
// same as the picture.

const words = {
  en: {
    title: 'The network',
    from: (node) => `As ${node} sees it.`,
    alone: 'This node is in no network.',
    reached: (up, all) => `${up} of ${all} other nodes are reached.`,
    lost: 'The node does not answer. What is shown is from before; it is asked again each second.',
    room: 'Voices of a room',
    noRoom: 'none',
    noRooms: 'No room goes over several nodes here now.',
    route: 'Rooms go by their routes: another one each day, the same as in the log.',
    entry: 'that come in at',
    fence: (fence) => (fence === '*' ? 'No fence' : `Fence: ${fence}`),
    whole: 'This node owns the tree, and knows all of it.',
    part: 'Another node owns the tree: this one knows its own place, and who takes the voices here.',
    gone: 'This room has no tree here any more.',
    picture: (n) => `A picture of ${n} nodes; the tables say the same.`,
    here: 'this node',
    legend: {
      way: 'voices of the room',
      backup: 'the other way, should that one break',
      link: 'link, with its round trip',
      weak: 'down, or losing more than 2 %',
      listens: 'has listeners, or voices come in',
      passes: 'only passes on',
    },
    nodes: 'Nodes',
    nodesCaption: 'Round trip, loss and jitter as this node measures them.',
    node: 'Node',
    label: 'Label',
    state: 'State',
    rtt: 'Round trip',
    loss: 'Loss',
    jitter: 'Jitter',
    states: {
      self: 'this node',
      down: 'not reached',
      leaving: 'about to stop',
      used: 'voices',
      up: 'reached',
    },
    tree: 'The way of the voices',
    takes: 'From',
    backup: 'Else from',
    delay: 'Planned delay',
    does: 'Does',
    origin: 'voices come in',
    listens: 'listens',
    passes: 'passes on',
    unknown: 'not known here',
    nobody: 'nobody',
    counts: 'Counts since the start',
    what: 'What',
    count: 'Count',
    trees: (owned, places) => `Trees that begin here: ${owned}; with a place in: ${places}.`,
    names: {
      passed: 'copies of voices passed on',
      delivered: 'voices heard here',
      copied: 'came a second time',
      stranger: 'under no label of ours',
      outside: 'kept back at the fence',
      refenced: 'kept back until the new fence is known',
      tired: 'over too many nodes',
      braked: 'held back by the brake',
      malformed: 'not understood',
      grafts: 'parents replaced by backups',
      tree_changes: 'changes of trees',
      unknown_key: 'under no key',
      forged: 'forged',
      early: 'before their sender was known',
      full: 'no place for a voice',
      unsent: 'buffer of the system full',
      send_refused: 'refused by the system',
      quic_full: 'no place for QUIC',
    },
  },
  de: {
    title: 'Das Netz',
    from: (node) => `Wie ${node} es sieht.`,
    alone: 'Dieser Knoten ist in keinem Netz.',
    reached: (up, all) => `${up} von ${all} anderen Knoten sind erreichbar.`,
    lost: 'Der Knoten antwortet nicht. Zu sehen ist, was vorher war; jede Sekunde wird neu gefragt.',
    room: 'Stimmen eines Raums',
    noRoom: 'keines',
    noRooms: 'Gerade geht hier kein Raum über mehrere Knoten.',
    route:
      'Räume heißen hier nach ihrer Route: jeden Tag einer anderen, derselben wie im Protokoll.',
    entry: 'die hereinkommen bei',
    fence: (fence) => (fence === '*' ? 'Kein Zaun' : `Zaun: ${fence}`),
    whole: 'Der Baum gehört diesem Knoten; er kennt ihn ganz.',
    part: 'Der Baum gehört einem anderen Knoten: Dieser kennt den eigenen Platz und wer die Stimmen hier holt.',
    gone: 'Dieser Raum hat hier keinen Baum mehr.',
    picture: (n) => `Ein Bild von ${n} Knoten; die Tabellen sagen dasselbe.`,
    here: 'dieser Knoten',
    legend: {
      way: 'Stimmen des Raums',
      backup: 'der andere Weg, falls dieser bricht',
      link: 'Verbindung mit ihrer Umlaufzeit',
      weak: 'unterbrochen, oder über 2 % Verlust',
      listens: 'hat Zuhörende, oder Stimmen kommen herein',
      passes: 'reicht nur weiter',
    },
    nodes: 'Knoten',
    nodesCaption: 'Umlaufzeit, Verlust und Schwankung, wie dieser Knoten sie misst.',
    node: 'Knoten',
    label: 'Kürzel',
    state: 'Zustand',
    rtt: 'Umlaufzeit',
    loss: 'Verlust',
    jitter: 'Schwankung',
    states: {
      self: 'dieser Knoten',
      down: 'nicht erreichbar',
      leaving: 'hört gleich auf',
      used: 'Stimmen',
      up: 'erreichbar',
    },
    tree: 'Der Weg der Stimmen',
    takes: 'Von',
    backup: 'Sonst von',
    delay: 'Geplante Verzögerung',
    does: 'Tut',
    origin: 'Stimmen kommen herein',
    listens: 'hört zu',
    passes: 'reicht weiter',
    unknown: 'hier nicht bekannt',
    nobody: 'niemandem',
    counts: 'Zähler seit dem Start',
    what: 'Was',
    count: 'Anzahl',
    trees: (owned, places) =>
      `Bäume, die hier beginnen: ${owned}; mit einem Platz darin: ${places}.`,
    names: {
      passed: 'Kopien von Stimmen weitergereicht',
      delivered: 'Stimmen, die hier gehört wurden',
      copied: 'kam ein zweites Mal',
      stranger: 'unter keiner unserer Marken',
      outside: 'am Zaun zurückgehalten',
      refenced: 'zurückgehalten, bis der neue Zaun bekannt ist',
      tired: 'über zu viele Knoten',
      braked: 'von der Bremse zurückgehalten',
      malformed: 'nicht verstanden',
      grafts: 'Eltern durch Ersatz ersetzt',
      tree_changes: 'Änderungen an Bäumen',
      unknown_key: 'unter keinem Schlüssel',
      forged: 'gefälscht',
      early: 'bevor der Absender bekannt war',
      full: 'kein Platz für eine Stimme',
      unsent: 'Puffer des Systems voll',
      send_refused: 'vom System abgelehnt',
      quic_full: 'kein Platz für QUIC',
    },
  },
};

const language = document.documentElement.lang;
const t = words[language] ?? words.en;
const number = (x, digits = 0) =>
  new Intl.NumberFormat(language, {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  }).format(x);
const ms = (x) => `${number(x, x < 10 ? 1 : 0)} ms`;
const percent = (x) => `${number(100 * x, 1)} %`;

const lossy = 0.02; // from which a link is shown as weak
const namesMax = 24; // nodes that all bear their names in the picture
const othersMax = 16; // nodes up to which the links between others are drawn
const rttsMax = 12; // nodes with a round trip beside each link

/** An element with attributes and children. */
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

const place = (node) => (node.region ? `${node.region}@${node.operator}` : t.here);

// --- what stays on the page ---

const heading = el('p', { class: 'meta' });
const lost = el('p', { class: 'lost', role: 'status', hidden: '' });
const rooms = el('select', { id: 'room' });
const entries = el('select', { id: 'entry' });
const entryLabel = el('label', { for: 'entry' }, t.entry, entries);
const choose = el(
  'div',
  { class: 'choose' },
  el('label', { for: 'room' }, t.room, rooms),
  entryLabel,
);
const about = el('div', { class: 'room' });
const figure = el('figure');
const nodes = el('section');
const tree = el('section');
const counts = el('section');
const page = document.getElementById('page');
document.title = `${t.title} – Stoa`;
page.replaceChildren(
  el('header', {}, el('h1', {}, t.title), heading, lost, choose, about),
  figure,
  el('div', { class: 'tables' }, tree, nodes, counts),
);

let shown; // what was answered last
let chosen = ''; // the route of the room
let entry; // the label of the node whose tree is shown

rooms.addEventListener('change', () => {
  chosen = rooms.value;
  entry = undefined;
  void ask();
});
entries.addEventListener('change', () => {
  entry = entries.value;
  draw();
});
addEventListener('resize', () => draw());

/** Sets what can be chosen, and leaves a list alone that is the same. */
function offer(select, options, value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(...options.map(([v, text]) => el('option', { value: v }, text)));
  }
  if (select.value !== value) select.value = value;
}

async function ask() {
  try {
    const response = await fetch(`/admin/network.json?room=${encodeURIComponent(chosen)}`, {
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(String(response.status));
    shown = await response.json();
    if (lost.textContent) lost.textContent = '';
    lost.hidden = true;
  } catch {
    lost.hidden = false;
    if (!lost.textContent) lost.textContent = t.lost;
  }
  draw();
}

async function run() {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((done) => setTimeout(done, 1000));
  }
}

// --- drawing ---

function draw() {
  if (!shown) return;
  const others = shown.nodes.slice(1);
  const self = shown.nodes[0];
  heading.textContent = self.region
    ? `${t.from(`${place(self)} (${self.label})`)} ${t.reached(others.filter((n) => !n.down).length, others.length)}`
    : t.alone;
  const current = currentTree();
  offer(rooms, [['', t.noRoom], ...withChosen().map((route) => [route, route])], chosen);
  offer(
    entries,
    shown.trees.map((one) => [shown.nodes[one.owner].label, place(shown.nodes[one.owner])]),
    current ? shown.nodes[current.owner].label : '',
  );
  entryLabel.hidden = shown.trees.length < 2;
  choose.hidden = shown.rooms.length === 0 && !chosen;
  about.replaceChildren(...aboutRoom(current));
  figure.replaceChildren(drawn(current), legend());
  nodes.replaceChildren(el('h2', {}, t.nodes), nodeTable());
  tree.hidden = !current;
  tree.replaceChildren(...(current ? [el('h2', {}, t.tree), treeTable(current)] : []));
  counts.hidden = others.length === 0;
  counts.replaceChildren(
    el('h2', {}, t.counts),
    el(
      'p',
      { class: 'meta' },
      t.trees(number(shown.trees_owned), number(shown.trees_with_a_place)),
    ),
    countTable(),
  );
}

const withChosen = () =>
  chosen && !shown.rooms.includes(chosen) ? [...shown.rooms, chosen] : shown.rooms;

function currentTree() {
  return shown.trees.find((one) => shown.nodes[one.owner].label === entry) ?? shown.trees[0];
}

function aboutRoom(current) {
  if (shown.rooms.length === 0 && !chosen) return [el('p', { class: 'meta' }, t.noRooms)];
  if (!chosen) return [el('p', { class: 'meta' }, t.route)];
  if (!current) return [el('p', { class: 'meta' }, t.gone)];
  return [el('p', { class: current.fence === '*' ? 'meta' : 'fence' }, t.fence(current.fence))];
}

function drawn(current) {
  const width = Math.max(280, Math.round(figure.clientWidth || page.clientWidth));
  const height = Math.round(Math.min(720, Math.max(400, width * 0.66)));
  const at = positions(shown.nodes, width, height);
  const spots = new Map((current?.spots ?? []).map((spot) => [spot.node, spot]));
  const feeds = new Set((current?.spots ?? []).map((spot) => spot.parent));
  const picture = svg('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': t.picture(shown.nodes.length),
  });
  picture.append(svg('defs', {}, head('way'), head('backup')), ...grid(shown.nodes, width, height));

  for (const l of shown.links) {
    const own = l.from === 0;
    // One line for both directions; those between others only where they are few.
    if (!own && (l.from > l.to || l.to === 0 || l.down || shown.nodes.length > othersMax)) continue;
    const weak = own && (l.down || l.loss > lossy);
    const [a, b] = [at[l.from], at[l.to]];
    const line = {
      x1: a.x,
      y1: a.y,
      x2: b.x,
      y2: b.y,
      class: `link${own ? '' : ' other'}${weak ? ' weak' : ''}`,
    };
    picture.append(svg('line', line));
  }
  for (const spot of spots.values()) {
    if (at[spot.backup] && spot.backup >= 0)
      picture.append(arrow(at[spot.backup], at[spot.node], 'backup', 0.16));
  }
  for (const spot of spots.values()) {
    if (spot.parent >= 0) picture.append(arrow(at[spot.parent], at[spot.node], 'way', 0));
  }
  if (shown.nodes.length <= rttsMax) {
    for (const l of shown.links.filter((l) => l.from === 0)) {
      const [a, b] = [at[0], at[l.to]];
      const text = l.down ? '–' : ms(l.rtt_ms);
      if (l.down || l.rtt_ms > 0) {
        picture.append(
          svg(
            'text',
            { class: 'small', x: a.x + (b.x - a.x) * 0.58, y: a.y + (b.y - a.y) * 0.58 + 4 },
            text,
          ),
        );
      }
    }
  }
  const names = []; // above all else
  shown.nodes.forEach((node, i) => {
    const { x, y } = at[i];
    const spot = spots.get(i);
    const origin = current && current.owner === i;
    const carries = spot ? (spot.listener || origin ? 'on' : 'passes') : '';
    if (i === 0) picture.append(svg('circle', { cx: x, cy: y, r: 15, class: 'self' }));
    picture.append(
      svg('circle', { cx: x, cy: y, r: 9, class: `node ${carries}${node.down ? ' down' : ''}` }),
    );
    if (shown.nodes.length <= namesMax || i === 0 || spot || feeds.has(i)) {
      const y2 = y < height - 40 ? y + 31 : y - 22;
      names.push(svg('text', { x, y: y2 }, width < 560 ? node.region || t.here : place(node)));
    }
  });
  picture.append(...names);
  return picture;
}

const head = (kind) =>
  svg(
    'marker',
    {
      id: `head-${kind}`,
      viewBox: '0 0 10 10',
      refX: 9,
      refY: 5,
      markerWidth: 10,
      markerHeight: 10,
      markerUnits: 'userSpaceOnUse',
      orient: 'auto',
    },
    svg('path', { d: 'M0 0.5 10 5 0 9.5z', class: `head-${kind}` }),
  );

/** An arrow that ends at the edge of a node, bent by a share of its length. */
function arrow(from, to, kind, bend) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const middle = { x: from.x + dx / 2 - dy * bend, y: from.y + dy / 2 + dx * bend };
  const [ex, ey] = [to.x - middle.x, to.y - middle.y];
  const last = Math.hypot(ex, ey) || 1;
  const gap = Math.min(18, length / 3);
  const end = { x: to.x - (ex / last) * gap, y: to.y - (ey / last) * gap };
  const d = `M${round(from.x)} ${round(from.y)}Q${round(middle.x)} ${round(middle.y)} ${round(end.x)} ${round(end.y)}`;
  return svg('path', { d, class: kind, 'marker-end': `url(#head-${kind})` });
}

const round = (x) => Math.round(x * 10) / 10;

const mapped = (list) => list.length > 0 && list.every((n) => n.latitude || n.longitude);

/** Where nodes stand in the picture: on a map where all have said where they are, else in a circle by region. */
function positions(list, width, height) {
  const at = mapped(list) ? onMap(list, width, height) : inCircle(list, width, height);
  // Names need room: nodes that bear one are pushed further apart, sideways most.
  const named = list.length <= namesMax;
  const [wide, high] = named ? [width < 560 ? 56 : 104, 52] : [30, 30];
  for (let turn = 0; turn < 120; turn++) {
    for (let i = 0; i < at.length; i++) {
      for (let j = 0; j < i; j++) {
        let [dx, dy] = [(at[i].x - at[j].x) / wide, (at[i].y - at[j].y) / high];
        const d = Math.hypot(dx, dy);
        if (d >= 1) continue;
        if (d < 0.001) [dx, dy] = [Math.cos(i), Math.sin(i)];
        const push = (1 - d) / 4 / Math.max(d, 0.1);
        at[i].x += dx * push * wide;
        at[i].y += dy * push * high;
        at[j].x -= dx * push * wide;
        at[j].y -= dy * push * high;
      }
    }
    for (const p of at) {
      p.x = Math.min(width - 46, Math.max(46, p.x));
      p.y = Math.min(height - 40, Math.max(28, p.y));
    }
  }
  return at;
}

function inCircle(list, width, height) {
  const order = list.map((_, i) => i).sort((a, b) => compare(key(list[a]), key(list[b])));
  const regions = new Set(list.map((n) => n.region)).size;
  const steps = list.length + (regions > 1 ? regions : 0); // a gap between regions
  const at = [];
  let step = 0;
  order.forEach((i, n) => {
    if (n > 0 && list[order[n - 1]].region !== list[i].region) step++;
    const turn = (2 * Math.PI * step++) / Math.max(1, steps) - Math.PI / 2;
    at[i] = {
      x: width / 2 + Math.cos(turn) * (width / 2 - 70),
      y: height / 2 + Math.sin(turn) * (height / 2 - 60),
    };
  });
  if (list.length === 1) at[0] = { x: width / 2, y: height / 2 };
  return at;
}

const key = (n) => `${n.region} ${n.operator} ${n.label}`;
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** The part of the earth that is shown: degrees, and pixels for each. */
function frame(list, width, height) {
  const [lats, lons] = [list.map((n) => n.latitude ?? 0), list.map((n) => n.longitude ?? 0)];
  const middle = {
    lat: (Math.min(...lats) + Math.max(...lats)) / 2,
    lon: (Math.min(...lons) + Math.max(...lons)) / 2,
  };
  const shrink = Math.max(0.3, Math.cos((middle.lat * Math.PI) / 180));
  const spread = {
    lat: Math.max(4, Math.max(...lats) - Math.min(...lats)),
    lon: Math.max(6, Math.max(...lons) - Math.min(...lons)),
  };
  const scale = Math.min((width - 140) / (spread.lon * shrink), (height - 110) / spread.lat);
  const up = Math.min(1.8 * scale, (height - 110) / spread.lat); // a narrow picture is stretched
  return {
    x: (lon) => width / 2 + (lon - middle.lon) * shrink * scale,
    y: (lat) => height / 2 - (lat - middle.lat) * up,
    step: [1, 2, 5, 10, 15, 30].find((s) => s * scale > 70) ?? 30,
    middle,
  };
}

function onMap(list, width, height) {
  const f = frame(list, width, height);
  return list.map((n) => ({ x: f.x(n.longitude ?? 0), y: f.y(n.latitude ?? 0) }));
}

/** Lines of latitude and longitude. */
function grid(list, width, height) {
  if (!mapped(list)) return [];
  const f = frame(list, width, height);
  const lines = [];
  for (let lon = -180; lon <= 180; lon += f.step) {
    const x = f.x(lon);
    if (x > 0 && x < width)
      lines.push(svg('line', { class: 'grid', x1: round(x), y1: 0, x2: round(x), y2: height }));
  }
  for (let lat = -90; lat <= 90; lat += f.step) {
    const y = f.y(lat);
    if (y > 0 && y < height)
      lines.push(svg('line', { class: 'grid', x1: 0, y1: round(y), x2: width, y2: round(y) }));
  }
  return lines;
}

function legend() {
  const sign = (what) => svg('svg', { viewBox: '0 0 34 16', 'aria-hidden': 'true' }, what);
  const line = (kind) => sign(svg('line', { x1: 1, y1: 8, x2: 33, y2: 8, class: kind }));
  const dot = (kind) => sign(svg('circle', { cx: 17, cy: 8, r: 6, class: `node ${kind}` }));
  const items = [
    [line('link'), t.legend.link],
    [line('link weak'), t.legend.weak],
  ];
  if (currentTree()) {
    items.unshift(
      [line('way'), t.legend.way],
      [line('backup'), t.legend.backup],
      [dot('on'), t.legend.listens],
      [dot('passes'), t.legend.passes],
    );
  }
  return el(
    'ul',
    { class: 'legend meta' },
    ...items.map(([what, text]) => el('li', {}, what, text)),
  );
}

// --- tables ---

function table(caption, head, rows) {
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el(
      'table',
      {},
      el('caption', {}, caption),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...head.map(([text, n]) => el('th', { scope: 'col', class: n ? 'n' : '' }, text)),
        ),
      ),
      el(
        'tbody',
        {},
        ...rows.map((cells) =>
          el(
            'tr',
            {},
            ...cells.map((cell, i) => (i === 0 ? el('th', { scope: 'row' }, cell) : cell)),
          ),
        ),
      ),
    ),
  );
}

const cell = (text, kind = '') => el('td', { class: kind }, text);

function nodeTable() {
  const links = new Map(shown.links.filter((l) => l.from === 0).map((l) => [l.to, l]));
  const rows = shown.nodes.map((node, i) => {
    const l = links.get(i);
    const measured = l && !l.down && l.rtt_ms > 0;
    const state =
      i === 0
        ? 'self'
        : node.down
          ? 'down'
          : node.leaving
            ? 'leaving'
            : node.in_use
              ? 'used'
              : 'up';
    return [
      place(node),
      el('td', {}, el('code', {}, node.label)),
      cell(t.states[state], state === 'down' ? 'bad' : ''),
      cell(measured ? ms(l.rtt_ms) : '–', 'n'),
      cell(measured ? percent(l.loss) : '–', measured && l.loss > lossy ? 'n bad' : 'n'),
      cell(measured ? ms(l.jitter_ms) : '–', 'n'),
    ];
  });
  return table(
    t.nodesCaption,
    [[t.node], [t.label], [t.state], [t.rtt, true], [t.loss, true], [t.jitter, true]],
    rows,
  );
}

function treeTable(current) {
  const name = (i) =>
    shown.nodes[i] ? `${place(shown.nodes[i])} (${shown.nodes[i].label})` : t.unknown;
  const rows = current.spots.map((spot) => {
    const origin = spot.node === current.owner;
    return [
      name(spot.node),
      cell(origin ? '–' : name(spot.parent)),
      cell(
        origin ? '–' : spot.backup < 0 ? (current.whole ? t.nobody : t.unknown) : name(spot.backup),
      ),
      cell(current.whole && !origin ? ms(spot.delay_ms ?? 0) : '–', 'n'),
      cell(
        origin
          ? t.origin
          : spot.listener
            ? t.listens
            : current.whole || spot.node === 0
              ? t.passes
              : t.unknown,
      ),
    ];
  });
  return table(
    current.whole ? t.whole : t.part,
    [[t.node], [t.takes], [t.backup], [t.delay, true], [t.does]],
    rows,
  );
}

function countTable() {
  const rows = Object.entries(shown.counts)
    .filter(([, n]) => n > 0)
    .map(([name, n]) => [t.names[name] ?? name, cell(number(n), 'n')]);
  return table(t.counts, [[t.what], [t.count, true]], rows);
}

void run();
