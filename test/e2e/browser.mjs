// Chromium, with a file for a microphone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { start } from './process.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const args = (microphone) => [
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--no-first-run',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-audio-capture=${microphone}`,
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/**
 * A browser whose microphone is a file. It never takes a page for hidden.
 * `trusting` ones take any certificate; `hosts` says where names lead.
 */
export function launch(microphone, { trusting = false, hosts = '' } = {}) {
  const more = trusting ? ['--ignore-certificate-errors'] : [];
  if (hosts) more.push(`--host-resolver-rules=${hosts}`);
  return chromium.launch({ executablePath, args: [...args(microphone), ...more] });
}

/**
 * A browser as people have it: a tab behind another is hidden, and its timers
 * run late. It has one context, its own.
 */
export async function launchPlain(microphone, language) {
  const profile = await mkdtemp(join(tmpdir(), 'stoa-e2e-browser-'));
  const own = [
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    `--lang=${language}`,
  ];
  const { match, stop } = await start(
    executablePath,
    [...own, ...args(microphone), 'about:blank'],
    /ws:\/\/\S+/,
  );
  const browser = await chromium.connectOverCDP(match[0], { noDefaults: true });
  const close = async () => {
    await browser.close();
    await stop();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context: browser.contexts()[0], close };
}
