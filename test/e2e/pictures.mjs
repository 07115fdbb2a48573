// Pictures of the screens that are reached, and what axe finds on them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import * as places from './places.mjs';

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const themes = ['light', 'dark'];

/**
 * Takes pictures of what a person sees, by day and by night, on a phone and on
 * a wide screen, and fails on what axe finds in either light. `language` is
 * the one that the screen is in.
 */
export async function picture(person, screen, language) {
  const { page } = person;
  const before = page.viewportSize();
  for (const [n, theme] of themes.entries()) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const [m, [size, viewport]] of Object.entries(sizes).entries()) {
      await page.setViewportSize(viewport);
      const name = `e2e.${screen}.${language}.${theme}.${size}`;
      await page.screenshot({ path: join(places.pictures, `${name}.png`) });
      // By day on the phone and by night on the wide screen in one language,
      // the other way about in the other: each layout, light and language is seen.
      if ((n + m + (language === 'de' ? 1 : 0)) % 2 === 0) await assertClean(page, name);
    }
  }
  if (before) await page.setViewportSize(before);
}

async function assertClean(page, name) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 120)).join('; ')}`);
  assert.deepEqual(found, [], `axe on ${name}`);
}

/**
 * Takes the pictures of a screen in both languages. The page is loaded anew
 * for each, so that this also sees whether it comes back as it was; `there`
 * waits until it has.
 */
export async function pictures(person, screen, there) {
  for (const language of ['en', 'de']) {
    await speak(person, language);
    await there(person);
    await picture(person, screen, language);
  }
  await speak(person, 'en');
  await there(person);
}

/** Sets the language of the app and loads the page anew. */
async function speak({ page }, language) {
  await page.evaluate((language) => localStorage.setItem('stoa.language', language), language);
  await page.reload();
}
