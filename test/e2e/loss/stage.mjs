// A node, one browser with a speaker in it, and listeners on lines of any kind.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { launch } from '../browser.mjs';
import { House } from '../house.mjs';
import * as places from '../places.mjs';
import { start } from '../process.mjs';
import { speech } from '../speech.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

export class Stage {
  #closing = [];
  #guests = []; // who are not in the room now
  #listeners = new Map(); // who are, by name

  static async open(prelude) {
    const stage = new Stage();
    try {
      await stage.#open(prelude);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async #open(prelude) {
    this.house = await House.open(['--invites.per_person', '100']);
    this.#closing.push(() => this.house.close());
    const site = await serve(await bundle(), this.house.url);
    this.#closing.push(site.close);
    const browser = await launch(await speech('founder'));
    this.#closing.push(() => browser.close());
    const context = await browser.newContext();
    await context.grantPermissions(['microphone']);
    if (prelude) await context.addInitScript(prelude);
    this.page = await context.newPage();
    this.page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await this.page.goto(`${site.url}/loss/`);
    await this.page.waitForFunction(() => 'bench' in window);
    this.speaker = await this.#signUp(this.house.invite, 'Ada Lovelace');
    this.room = (
      await this.speaker.call('POST', '/rooms', { title: 'Loss', visibility: 'open' })
    ).id;
    await this.page.evaluate(
      ([room, grant]) => window.bench.speak(room, grant),
      [this.room, await this.#grant(this.speaker)],
    );
  }

  async close() {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }

  /** Somebody new sits down behind a line, and hears the speaker. */
  async listen(name, { line, nack = true, red = true }) {
    const listener = this.#guests.pop() ?? (await this.#guest());
    this.#listeners.set(name, listener);
    await this.page.evaluate(
      ([name, room, grant, way]) => window.bench.listen(name, room, grant, way),
      [
        name,
        this.room,
        await this.#grant(listener),
        { nack, red, ...(line ? { line: line.address } : {}) },
      ],
    );
  }

  async leave(name) {
    await this.page.evaluate((name) => window.bench.leave(name), name);
    this.#guests.push(this.#listeners.get(name));
    this.#listeners.delete(name);
  }

  look(name) {
    return this.page.evaluate((name) => window.bench.look(name), name);
  }

  /** Records those named for so many seconds: 16-bit samples and counts by name. */
  async record(names, seconds) {
    const tapes = await this.page.evaluate(
      ([names, seconds]) => window.bench.record(names, seconds),
      [names, seconds],
    );
    return new Map(
      tapes.map(({ name, samples, counts }) => [name, { samples: int16(samples), counts }]),
    );
  }

  /** A line of some kind to the node's media. */
  async line({ loss, burst = 1, rtt = 60, seed = 1 }) {
    const args = [
      '-node',
      this.house.media,
      '-loss',
      `${loss}`,
      '-burst',
      `${burst}`,
      '-rtt',
      `${rtt}ms`,
      '-seed',
      `${seed}`,
    ];
    const { match, stop } = await start(places.lossy, args, /line at (\S+)\n/);
    const close = async () => {
      this.#closing.splice(this.#closing.indexOf(close), 1);
      await stop();
    };
    this.#closing.push(close);
    return { address: match[1], close };
  }

  async #guest() {
    const { url } = await this.speaker.call('POST', '/me/invites', {});
    return await this.#signUp(url, 'Guest');
  }

  async #signUp(link, name) {
    const person = new Account(this.house.url);
    const body = { invite: link.split('/').at(-1), name };
    for (let attempt = 0; ; attempt++) {
      try {
        await person.call('POST', '/signup/recovery', body);
        return person;
      } catch (error) {
        if (attempt > 30) throw error;
        await wait(3000); // so many a minute
      }
    }
  }

  async #grant(person) {
    return (await person.call('POST', `/rooms/${this.room}/grants`, {})).grant;
  }
}

/** Somebody who calls the node without a browser. */
class Account {
  #url;
  #cookie = '';

  constructor(url) {
    this.#url = url;
  }

  async call(method, path, body) {
    const headers = {
      'Content-Type': 'application/json',
      ...(this.#cookie ? { Cookie: this.#cookie } : {}),
    };
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    this.#cookie ||= response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return text ? JSON.parse(text) : undefined;
  }
}

const int16 = (base64) => new Int16Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/** Serves the page, and has the node answer all the rest as if it had served it. */
async function serve(files, node) {
  const { hostname: host, port } = new URL(node);
  const server = createServer((request, response) => {
    const name = request.url === '/loss/' ? 'index.html' : request.url.replace('/loss/', '');
    const file = files.get(name);
    if (file !== undefined) {
      const kind = name.endsWith('.html') ? 'html' : 'javascript';
      response.writeHead(200, { 'Content-Type': `text/${kind}` }).end(file);
      return;
    }
    const { method, url: path, headers } = request;
    const asked = ask({ host, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(asked);
  });
  server.on('upgrade', (request, socket, head) => {
    const far = connect(port, host, () => {
      const headers = request.rawHeaders.map((text, i) => text + (i % 2 ? '\r\n' : ': ')).join('');
      far.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      far.write(head);
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on('error', () => [far, socket].map((s) => s.destroy()));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://localhost:${server.address().port}`, close };
}

/** The page and its workers, by name. */
async function bundle() {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    base: '/loss/',
    resolve: { conditions: ['source', 'module', 'browser'] },
    build: {
      write: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: {
        input: join(here, 'page.ts'),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  const files = new Map(
    output.map((file) => [file.fileName, file.code ?? Buffer.from(file.source)]),
  );
  files.set('index.html', '<!doctype html><script type="module" src="page.js"></script>');
  files.set('tape.js', await readFile(join(here, 'tape.js')));
  return files;
}
