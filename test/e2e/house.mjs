// A node with records of its own, on ports that nobody else has.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as places from './places.mjs';
import { run, start } from './process.mjs';

export class House {
  /** Everything the node has logged. */
  log = '';
  /** The founder's invite link. */
  invite = '';
  #args;
  #admin;
  #data;
  #process;
  #lived = false; // in: somebody is there

  /**
   * Opens one, with settings besides the usual, and records that somebody
   * prepares. `tls` is the files of its certificate and key.
   */
  static async open(args = [], prepare, tls) {
    const house = new House();
    const [port, admin, media] = await Promise.all([freeTCP(), freeTCP(), freeUDP()]);
    house.#data = await mkdtemp(join(tmpdir(), 'stoa-e2e-'));
    house.url = `${tls ? 'https' : 'http'}://localhost:${port}`;
    house.#admin = `http://127.0.0.1:${admin}`;
    house.#args = ['serve', '--addr', `localhost:${port}`, '--data', house.#data];
    house.media = `127.0.0.1:${media}`;
    house.#args.push('--media.listen', house.media, '--admin.addr', `127.0.0.1:${admin}`, ...args);
    if (tls) house.#args.push('--url', house.url, '--tls.cert', tls.cert, '--tls.key', tls.key);
    if (prepare) await prepare(house.#data);
    house.#lived = prepare !== undefined;
    await house.start();
    return house;
  }

  async start() {
    // The first time, the founder's link is the last thing that it prints.
    const ready = this.#lived ? /Stoa is at / : /Your invite: (\S+)\n/;
    this.#process = await start(places.node, this.#args, ready, (text, logged) => {
      if (logged) this.log += text; // the rest is for whoever starts it: an invite
    });
    this.invite ||= this.#process.match[1] ?? '';
    this.#lived = true;
  }

  /** Stops the node by a signal: SIGKILL is a fall, SIGTERM an order. */
  async stop(signal) {
    return await this.#process.stop(signal);
  }

  /** Stops the node for good. */
  async close() {
    await this.#process.stop('SIGTERM');
    await rm(this.#data, { recursive: true });
  }

  /** Has the node's program look at what it keeps. */
  look(...args) {
    return run(places.node, [...args.slice(0, 2), '--data', this.#data, ...args.slice(2)]);
  }

  /** What the media loop has counted, by name. */
  async counts() {
    // As it is: on the wire it is to be read by whoever looks.
    const headers = { 'Accept-Encoding': 'identity' };
    const text = await (await fetch(`${this.#admin}/metrics`, { headers })).text();
    const lines = text.matchAll(/^stoa_media_events_total\{event="(\w+)"\} (\d+)/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
  }
}

export async function freeTCP() {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

export async function freeUDP() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
