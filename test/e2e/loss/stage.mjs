// A node, one browser with a speaker in it, and listeners on lines of any kind.
import { setTimeout as wait } from 'node:timers/promises';
import { launch } from '../browser.mjs';
import { House } from '../house.mjs';
import * as places from '../places.mjs';
import { start } from '../process.mjs';
import { openSite } from '../site.mjs';
import { speech } from '../speech.mjs';

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
    const site = await openSite('loss', ['tape.js'], this.house.url);
    this.#closing.push(site.close);
    const browser = await launch(await speech('founder'));
    this.#closing.push(() => browser.close());
    const context = await browser.newContext();
    await context.grantPermissions(['microphone']);
    if (prelude) await context.addInitScript(prelude);
    this.page = await context.newPage();
    this.page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await this.page.goto(site.url);
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
