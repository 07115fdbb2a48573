// A node with people in it, whose seats are those of the kit, without the app.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { launch } from '../browser.mjs';
import { House } from '../house.mjs';
import * as places from '../places.mjs';
import { run } from '../process.mjs';
import { openSite } from '../site.mjs';
import { speech } from '../speech.mjs';

export class Cast {
  #closing = [];
  #people;

  /** Opens a node with so many people. */
  static async open(people, args = []) {
    const cast = new Cast();
    cast.house = await House.open(args, async (data) => {
      const listed = await run(places.keys, ['seed', '-data', data, '-people', `${people}`]);
      cast.#people = JSON.parse(listed).people;
    });
    cast.#closing.push(() => cast.house.close());
    cast.site = await openSite('sealing', [], cast.house.url);
    cast.#closing.push(cast.site.close);
    return cast;
  }

  async close() {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }

  /** The next of them. */
  next() {
    return new Account(this.house.url, this.#people.shift());
  }

  /** The next of them sits down at a browser of their own, or at somebody's. */
  async sit(at) {
    const account = this.next();
    let browser = at?.browser;
    if (!browser) {
      browser = await launch(await speech(this.#closing.length % 2 ? 'guest' : 'founder'));
      this.#closing.push(() => browser.close());
    }
    const page = await this.#page(browser, account);
    return new Sitter(this, account, browser, page);
  }

  async #page(browser, { token }) {
    const context = await browser.newContext();
    const { origin } = new URL(this.site.url);
    await context.addCookies([{ name: 'stoa_session', value: token, url: origin }]);
    await context.grantPermissions(['microphone']);
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(this.site.url);
    await page.waitForFunction(() => 'bench' in window);
    return page;
  }

  /** A second page of somebody's, as in another tab or after it was loaded anew. */
  async again(sitter) {
    return new Sitter(this, sitter, sitter.browser, await this.#page(sitter.browser, sitter));
  }

  /** All the others, as clients that only agree on keys. */
  crowd(room) {
    const crowd = new Crowd(this.house.url, room, this.#people.splice(0));
    this.#closing.push(() => crowd.close());
    return crowd;
  }
}

/** Somebody who calls the node. */
class Account {
  constructor(url, { id, token }) {
    Object.assign(this, { url, id, token });
  }

  async call(method, path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Cookie: `stoa_session=${this.token}` },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  async openRoom(visibility = 'open') {
    return (await this.call('POST', '/rooms', { title: 'Sealed', visibility })).id;
  }
}

/** Somebody at a page. What `bench` can do there, they can. */
class Sitter extends Account {
  constructor(cast, account, browser, page) {
    super(account.url, account);
    Object.assign(this, { cast, browser, page });
  }

  /** Has the page do something. */
  do(what, ...args) {
    return this.page.evaluate(([what, args]) => window.bench[what](...args), [what, args]);
  }

  enter(room) {
    return this.do('sit', room);
  }

  /** Waits until the lock is as `is` says. */
  async locked(is = (lock) => lock.state === 'sealed', what = 'a lock') {
    const until = Date.now() + 15_000;
    for (;;) {
      const lock = await this.do('lock');
      if (is(lock)) return lock;
      if (Date.now() > until) throw new Error(`no ${what}: ${JSON.stringify(lock)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Go clients that agree on keys. They are told in lines, and answer in lines. */
class Crowd {
  #child;
  #lines;

  constructor(url, room, people) {
    this.people = people;
    const args = ['crowd', '-url', url, '-room', room];
    this.#child = spawn(places.keys, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#tell({ people });
  }

  #tell(what) {
    this.#child.stdin.write(`${JSON.stringify(what)}\n`);
  }

  /** The next thing that it says. */
  async said() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the crowd has ended');
    return JSON.parse(value);
  }

  /** Brings so many in at once. `knocking` is called when all are seated. */
  async join(n, knocking = () => {}) {
    this.#tell({ join: n });
    await this.said();
    await knocking();
    return await this.said();
  }

  async expect(epoch) {
    this.#tell({ expect: epoch });
    return await this.said();
  }

  async close() {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
