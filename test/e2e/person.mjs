// Somebody with a browser, who does what people do: look, click and type.
import assert from 'node:assert/strict';
import AxeBuilder from '@axe-core/playwright';
import { install, worklet } from './ear.mjs';

const slots = 8;

/** How long anything may take that should come at once. A busy machine must not fail a test. */
export const patience = 10_000;

export class Person {
  id = '';
  /** What went wrong in the page. */
  errors = [];
  #authenticator;

  /**
   * Sits somebody down before an empty page. Without `passkeys`, the browser
   * knows none; without an `ear`, nobody knows what is heard.
   */
  static async sit(context, house, name, { passkeys = true, ear = true } = {}) {
    const person = new Person();
    Object.assign(person, { context, house, name });
    context.setDefaultTimeout(patience);
    await context.grantPermissions(['microphone', 'clipboard-read', 'clipboard-write']);
    if (ear) await context.addInitScript(install, { worklet, slots });
    if (!passkeys) await context.addInitScript(() => delete window.PublicKeyCredential);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('pageerror', (error) => person.errors.push(error.message));
    page.on('console', (message) => {
      // What the network does is the business of the steps.
      const text = message.text();
      const network = /Failed to load resource|WebSocket connection/.test(text);
      if (message.type() === 'error' && !network) person.errors.push(text);
    });
    person.page = page;
    // What moves costs a machine without a graphics card the time that sound needs.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    person.cdp = await context.newCDPSession(page);
    // The node's policy keeps the ear's script out of the page, as it should.
    if (ear) await person.cdp.send('Page.setBypassCSP', { enabled: true });
    if (passkeys) await person.#takeAuthenticator();
    return person;
  }

  async #takeAuthenticator() {
    await this.cdp.send('WebAuthn.enable');
    const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        hasPrf: true,
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    this.#authenticator = authenticatorId;
  }

  /** Has the same passkeys as somebody: the same person at another device. */
  async syncPasskeys(from) {
    for (const credential of await from.passkeys()) {
      await this.cdp.send('WebAuthn.addCredential', {
        authenticatorId: this.#authenticator,
        credential,
      });
    }
  }

  /** The passkeys of this device, private keys included. */
  async passkeys() {
    if (!this.#authenticator) return [];
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', {
      authenticatorId: this.#authenticator,
    });
    return credentials;
  }

  on(test) {
    return this.page.locator(`[data-test="${test}"]:visible`).first();
  }

  tap(test) {
    return this.on(test).click();
  }

  go(path) {
    return this.page.goto(this.house.url + path);
  }

  /** Nobody is kept out by how the screen is made. */
  async accessible() {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
      [],
    );
  }

  heading() {
    return this.page.locator('h1').first().textContent();
  }

  /** Calls the node as the page would, and returns status and body. */
  call(method, path, body) {
    return this.page.evaluate(
      async ([method, path, body]) => {
        const response = await fetch(`/api/v1${path}`, {
          method,
          headers: body ? { 'Content-Type': 'application/json' } : {},
          body: body ? JSON.stringify(body) : undefined,
        });
        return { status: response.status, body: await response.text() };
      },
      [method, path, body],
    );
  }

  async learnID() {
    this.id = JSON.parse((await this.call('GET', '/me')).body).id;
  }

  // --- coming in ---

  async acceptInvite(link) {
    await this.page.goto(link);
    await this.on('name').fill(this.name);
    if (this.#authenticator) {
      await this.tap('signup-passkey');
    } else {
      await this.tap('signup-recovery');
      this.recoveryCode = await this.on('recovery-code').textContent();
      await this.tap('recovery-kept');
    }
    await this.tap('first-later');
    await this.page.waitForURL(`${this.house.url}/`);
    await this.learnID();
  }

  /** Signs in as browsers offer it by themselves: by autofill, without a click. */
  async signInWithPasskey() {
    await this.go('/signin');
    await this.page.waitForURL(`${this.house.url}/`);
    await this.learnID();
  }

  /** The public key of this device, as the browser keeps it; `forget` takes it away. */
  device(forget = false) {
    return this.page.evaluate(
      ([who, forget]) =>
        new Promise((resolve, reject) => {
          const opened = indexedDB.open('stoa.devices');
          opened.onerror = () => reject(opened.error);
          opened.onsuccess = () => {
            const transaction = opened.result.transaction('values', 'readwrite');
            const values = transaction.objectStore('values');
            const asked = values.get(who);
            if (forget) values.delete(who);
            transaction.oncomplete = () => resolve(asked.result?.publicKey.join() ?? '');
          };
        }),
      [this.id, forget],
    );
  }

  /** Gives an invite away and returns its link. */
  async giveInvite() {
    const links = this.page.locator('[data-test="invite-open"] .link:visible');
    const had = await links.allTextContents();
    await this.tap('give-invite');
    await links.nth(had.length).waitFor();
    return (await links.allTextContents()).find((link) => !had.includes(link));
  }

  // --- rooms ---

  /** Opens a room by the sheet in the hallway, and returns its id. */
  async openRoom(title, visibility = 'open', letIn = []) {
    await this.page.locator('[data-test^="open-room"]:visible').first().click();
    await this.on('room-title').fill(title);
    // The radio button itself is drawn by its label.
    await this.page.locator(`.opt:has([data-test="visibility-${visibility}"])`).click();
    for (const who of letIn) await this.tap(`let-in-${who.id}`);
    await this.tap('open-room-now');
    await this.on('bar').waitFor();
    return new URL(this.page.url()).pathname.split('/').at(-1);
  }

  /** Goes into a room by its card. */
  async enter(room) {
    await this.tap(`card-${room}`);
    await this.on('bar').waitFor();
  }

  openMicrophone() {
    return this.#setMicrophone(true);
  }

  closeMicrophone() {
    return this.#setMicrophone(false);
  }

  async #setMicrophone(open) {
    await this.on('mic').waitFor();
    if ((await this.on('mic').getAttribute('data-open')) !== String(open)) await this.tap('mic');
    await this.microphoneIs(open);
  }

  /** Waits until the own microphone is open, or closed. */
  microphoneIs(open) {
    return this.page.locator(`[data-test="mic"][data-open="${open}"]:visible`).waitFor();
  }

  /** Opens the sheet of somebody in the room and presses a button there. */
  async doAbout(who, what) {
    await this.tap(`person-${who.id}`);
    await this.tap(what);
  }

  /** Collects what the live connection carries from now on; the result returns it. */
  async watchFrames() {
    const frames = [];
    const take = ({ response }) => frames.push(response.payloadData);
    await this.cdp.send('Network.enable');
    this.cdp.on('Network.webSocketFrameSent', take);
    this.cdp.on('Network.webSocketFrameReceived', take);
    return () => {
      this.cdp.off('Network.webSocketFrameSent', take);
      this.cdp.off('Network.webSocketFrameReceived', take);
      return frames;
    };
  }

  /** Opens the chat, where it is not there anyway. */
  async openChat() {
    const button = this.page.locator('[data-test="chat"]:visible');
    if ((await button.count()) && (await button.getAttribute('aria-expanded')) !== 'true') {
      await button.click();
    }
    await this.on('lines').waitFor();
  }

  /** Waits until something stands in the chat. */
  async reads(text) {
    await this.openChat();
    await this.page.locator('[data-test="said"]:visible').getByText(text).last().waitFor();
  }

  /** Closes the sheet that lies over the room, if there is one. */
  async closeSheet() {
    const sheet = this.page.locator('dialog[open]');
    if ((await sheet.count()) === 0) return;
    await sheet.focus();
    await this.page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  }

  // --- ears ---

  /** Makes sure that what is heard next is of the present. */
  async listenUp() {
    await this.page.evaluate(() => window.e2e?.freshen());
  }

  /** Milliseconds since 1970, the same for all browsers of this machine. */
  now() {
    return this.page.evaluate(() => window.e2e.now());
  }

  /** When they last pressed a button. */
  pressed() {
    return this.page.evaluate(() => window.e2e.pressedAt());
  }

  /** Waits until somebody is heard after a time, and returns when that was. */
  async hears(who, since) {
    const found = await this.page.waitForFunction(
      ([who, since]) => window.e2e.heardSince(who, since),
      [who.id, since],
      { polling: 20, timeout: 2 * patience },
    );
    return await found.jsonValue();
  }

  /** Waits until a connection has come up after a time, and returns when that was. */
  async connects(since) {
    const found = await this.page.waitForFunction(
      (since) => window.e2e.connectedAt() > since && window.e2e.connectedAt(),
      since,
      { polling: 20, timeout: 2 * patience },
    );
    return await found.jsonValue();
  }

  /** Waits until somebody is not heard any more, and returns when they last were. */
  async hearsNoMore(who) {
    const found = await this.page.waitForFunction(
      ([who, quiet]) => window.e2e.silentSince(who, quiet),
      [who.id, 500],
      { polling: 20 },
    );
    return await found.jsonValue();
  }

  /** Waits until the live region has said these words, since they were last cleared. */
  async isTold(words) {
    await this.page.waitForFunction((words) => window.e2e.said.includes(words), words, {
      polling: 20,
    });
  }

  /** Waits until words are nowhere on the page, not even for a screen reader. */
  async goneFromThePage(words) {
    await this.page.getByText(words).first().waitFor({ state: 'detached' });
  }

  descriptions() {
    return this.page.evaluate(() => window.e2e.descriptions());
  }

  /** What the browser has counted about somebody's voice. */
  stats(who) {
    return this.page.evaluate((who) => window.e2e.stats(who), who.id);
  }

  /** Starts a recording of somebody, or of the own microphone. */
  async record(who) {
    await this.page.evaluate((who) => window.e2e.record(who), who === this ? 'me' : who.id);
  }

  /**
   * Ends the recording: when it began, for how many milliseconds of it the
   * browser's sound stood still, and its samples at 48 kHz.
   */
  async recorded() {
    const { at, stalled, samples } = await this.page.evaluate(() => window.e2e.stopRecording());
    const bytes = Uint8Array.from(Buffer.from(samples, 'base64'));
    return { at, stalled, samples: new Float32Array(bytes.buffer) };
  }
}
