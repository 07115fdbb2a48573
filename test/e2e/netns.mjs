// Somebody with a browser, for test/netns, in whose network namespace this runs:
// `node netns.mjs HOUSE RULES TOKEN MICROPHONE`. It does what it is told on
// standard input, a line of JSON each, and says on standard output what came of
// it. `node netns.mjs` makes the file of a microphone, and prints its name.
import { createInterface } from 'node:readline';
import { launch } from './browser.mjs';
import { install, worklet } from './gaps.mjs';
import { Person } from './person.mjs';
import { hurry } from './process.mjs';
import { babble } from './speech.mjs';

const [url, hosts, token, microphone] = process.argv.slice(2);
if (!url) {
  process.stdout.write(`${await babble()}\n`);
  process.exit();
}

const browser = await launch(microphone, { trusting: true, hosts });
const context = await browser.newContext({ locale: 'en-GB' });
await context.addInitScript(install, { worklet });
await context.addCookies([
  { name: '__Host-stoa_session', value: token, url, secure: true, httpOnly: true, sameSite: 'Lax' },
]);
const who = await Person.sit(context, { url }, 'Somebody', { passkeys: false, ear: false });
await who.cdp.send('Page.setBypassCSP', { enabled: true });
context.setDefaultTimeout(30_000); // an ocean away, on a machine that has all of it to do

const orders = {
  /** Comes into a room by its card, from wherever one was; a seat is kept. */
  async enter({ room }) {
    await who.go('/');
    await who.enter(room);
  },
  microphone: () => who.openMicrophone(),
  /** Comes onto the stage, having been asked to. */
  comeUp: () => who.tap('accept-stage'),
  /** Sets the fence of a room that one moderates, and has none: all regions but some. */
  async fence({ without }) {
    await who.tap('menu');
    await who.tap('fence');
    for (const name of without) await who.tap(`fence-${name}`);
    await who.tap('fence-set');
  },
  mark: () => {
    hurry();
    return who.page.evaluate(() => window.gaps.mark());
  },
  tell: () => who.page.evaluate(() => window.gaps.tell()),
  /** What stands there for whoever cannot hear. */
  async trouble() {
    const banner = who.page.locator('.banner:visible').first();
    return (await banner.count()) > 0 ? (await banner.textContent()).trim() : '';
  },
};

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  try {
    answer({ done: (await orders[order.do](order)) ?? null });
  } catch (failed) {
    answer({ failed: `${failed.message}`.split('\n')[0], errors: who.errors });
  }
}
await browser.close();
