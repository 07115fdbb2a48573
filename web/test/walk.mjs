// Two people walk through the house in Chromium: invitation, passkey, room,
// hand, stage, keys, moderation, and out again. `npm run walk`.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { launch, standIn } from './browser.mjs';
import { dist, load } from './run.mjs';

const { module, close } = await load('/test/double.ts');
const double = new module.Double(dist);
const origin = await double.listen(0);
const browser = await launch();
const errors = [];

async function visitor() {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en' });
  await context.grantPermissions(['microphone', 'clipboard-read', 'clipboard-write']);
  await context.addInitScript(standIn);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (m) => {
    if (m.type() === 'error' && !m.text().includes('status of 4')) errors.push(m.text());
  });
  const on = (test) => page.locator(`[data-test="${test}"]:visible`).first();
  return { context, page, on, tap: (test) => on(test).click() };
}
const step = (words) => process.stdout.write(`${words}\n`);
const heading = (page) => page.locator('h1').textContent();

step('Ada comes in with a passkey');
const ada = await visitor();
const authenticator = await ada.context.newCDPSession(ada.page);
await authenticator.send('WebAuthn.enable');
const { authenticatorId } = await authenticator.send('WebAuthn.addVirtualAuthenticator', {
  options: {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});
const founding = double.invite();
await ada.page.goto(founding.url);
await ada.tap('signup-passkey');
assert.match(await ada.page.locator('.err').textContent(), /give a name/);
await ada.on('name').fill('Ada Lovelace');
await ada.tap('signup-passkey');
await ada.on('like-music').waitFor();
assert.match(await heading(ada.page), /Welcome, Ada/);
await ada.tap('like-philosophy');
await ada.tap('like-music');
await ada.tap('first-done');
await ada.page.waitForURL(`${origin}/`);
assert.equal(await ada.page.title(), 'Hallway – Stoa');

step('the invitation is used up');
const late = await visitor();
await late.page.goto(founding.url);
await late.on('invitation-gone').waitFor();
await late.context.close();

step('Ada signs out, and in again');
const touch = (enabled) =>
  authenticator.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
await touch(false);
await ada.page.goto(`${origin}/settings`);
await ada.tap('sign-out');
await ada.on('signin-passkey').waitFor();
await touch(true);
// Unless the offer in the autofill has been taken meanwhile, which is the next step anyway.
await ada
  .on('signin-passkey')
  .click({ timeout: 2_000 })
  .catch(() => {});
await ada.on('my-name').waitFor();
assert.equal(await ada.on('my-name').inputValue(), 'Ada Lovelace');

step('and once more, by the browser’s autofill');
const logins = () => [...double.logins.keys()].join();
const before = logins();
const finished = (response) => response.url().endsWith('signin/passkey/finish');
await Promise.all([ada.page.waitForResponse(finished), ada.tap('sign-out')]);
await ada.on('my-name').waitFor();
assert.notEqual(logins(), before);

step('Ada changes her language and the light');
await ada.page.locator('.opt:has([data-test=language-de])').click();
assert.equal(await heading(ada.page), 'Einstellungen');
assert.equal(await ada.page.locator('html').getAttribute('lang'), 'de');
await ada.page.locator('.opt:has([data-test=language-en])').click();
await ada.page.locator('.opt:has([data-test=theme-dark])').click();
assert.equal(await ada.page.locator('html').getAttribute('data-theme'), 'dark');

step('Ada invites Bo, who has no passkeys');
await ada.page.goto(`${origin}/invites`);
await ada.tap('give-invite');
await ada.page.locator('.link:visible').waitFor();
const link = await ada.page.locator('.link:visible').textContent();
const bo = await visitor();
await bo.context.addInitScript(() => delete window.PublicKeyCredential);
await bo.page.goto(link);
assert.match(await heading(bo.page), /Ada Lovelace saved you a place/);
await bo.on('name').fill('Bo Nilsen');
await bo.tap('signup-recovery');
assert.match(await bo.on('recovery-code').textContent(), /^[0-9a-f]{5}(-[0-9a-f]{5}){3}$/);
await bo.tap('recovery-kept');
await bo.on('first-inviter').locator('[data-test=follow]').click();
await bo.on('first-inviter').locator('[data-followed=true]').click(); // as if they did not know each other
await bo.tap('first-later');
await bo.page.waitForURL(`${origin}/`);

step('Ada says who she is: first what cannot be, then what can');
await ada.page.goto(`${origin}/me`);
await ada.tap('edit-profile');
await ada.on('profile-form').waitFor();
await ada.on('profile-handle').fill('7');
await ada.tap('add-link');
await ada.on('link-url-0').fill('http://ada.example');
await ada.tap('save-profile');
await ada.page.getByText('2 fields need another look.').waitFor();
assert.equal(await ada.page.evaluate(() => document.activeElement.id), 'my-handle');
assert.match(
  await ada.page.evaluate(() => {
    const [wrong] = document.activeElement.getAttribute('aria-describedby').split(' ');
    return document.getElementById(wrong).textContent;
  }),
  /begins with a letter/,
);
await ada.on('profile-handle').fill('Ada');
await ada.on('link-url-0').fill('ada.example');
await ada.on('profile-bio').fill('Counts.\nWrites it down.');
await ada.page.selectOption('[data-test=add-language]', 'fr');
for (const topic of ['food', 'art']) {
  await ada.page.selectOption('[data-test=interests-add]', topic);
}
await ada.tap('interests-drop-art');

step('she goes away, and it is still there; elsewhere she has changed something else');
await ada.page.goBack();
await ada.tap('edit-profile');
assert.equal(await ada.on('profile-bio').inputValue(), 'Counts.\nWrites it down.');
const countess = [...double.people.values()].find((p) => p.name === 'Ada Lovelace');
countess.said = { ...countess.said, pronouns: 'she/her', bio: 'From elsewhere.' };
await ada.tap('save-profile');
await ada.on('elsewhere-bio').waitFor();
assert.match(await ada.on('elsewhere-bio').textContent(), /From elsewhere\./);
assert.equal(await ada.on('profile-bio').inputValue(), 'Counts.\nWrites it down.');
assert.equal(await ada.on('profile-pronouns').inputValue(), 'she/her');
await ada.tap('save-profile');
await ada.page.waitForFunction(
  () => document.querySelector('[data-test=save-profile]').ariaDisabled === 'true',
);
assert.deepEqual(countess.said, {
  handle: 'ada',
  pronouns: 'she/her',
  bio: 'Counts.\nWrites it down.',
  links: [{ url: 'https://ada.example' }],
  languages: ['fr'],
  interests: ['philosophy', 'music', 'food'],
  show_inviter: false,
  findable: false,
});

step('Ada shows her face');
const file = (name, mimeType, buffer) =>
  ada.page.setInputFiles('[data-test=picture-file]', { name, mimeType, buffer });
await file('ada.txt', 'text/plain', Buffer.from('no picture'));
await ada.on('picture-hitch').waitFor();
await file(
  'ada.png',
  'image/png',
  await readFile(new URL('../public/icon-512.png', import.meta.url)),
);
await ada.on('remove-picture').waitFor();
assert.equal(countess.picture.type, 'image/jpeg'); // the square that was shown, and nothing beside it
await ada.page.waitForFunction(
  (version) => document.querySelector(`.picture-now img[src*="${version}"]`)?.naturalWidth > 0,
  countess.picture.version,
);

step('Bo looks at her, by her handle');
await bo.page.goto(`${origin}/@ada`);
await bo.on('bio').waitFor();
assert.equal(await heading(bo.page), 'Ada Lovelace');
const out = bo.page.locator('.own-links a');
assert.equal(await out.getAttribute('rel'), 'noopener noreferrer nofollow');
assert.equal(await out.getAttribute('referrerpolicy'), 'no-referrer');
assert.equal(await bo.on('languages').textContent(), 'Speaks French');
await bo.page.waitForFunction(() => document.querySelector('.portrait img')?.naturalWidth > 0);
assert.equal(await bo.on('followers').textContent(), '0');
await bo.tap('follow');
await bo.page.waitForSelector('[data-test=level][data-level=sometimes]');
assert.equal(await bo.on('followers').textContent(), '1');

step('he wants to hear of her always; then he follows her no longer');
const bosOwn = [...double.people.values()].find((p) => p.name === 'Bo Nilsen');
await bo.tap('level');
await bo.page.waitForFunction(() => document.activeElement.dataset.test === 'level-sometimes');
await bo.page.keyboard.press('ArrowUp');
await bo.page.keyboard.press('Enter');
await bo.page.waitForSelector('[data-test=level][data-level=always]');
assert.equal(bosOwn.notify.get(countess.id), 'always');
await bo.tap('level');
await bo.tap('unfollow');
await bo.page.waitForSelector('[data-test=follow][data-followed=false]');
await bo.page.goto(origin);

step('Ada opens a room, and talks');
await ada.page.goto(origin);
await ada.tap('open-room');
await ada.on('room-title').fill('Tea');
await ada.page.selectOption('[data-test=room-topics-add]', 'food');
await ada.page.selectOption('[data-test=room-language]', 'de');
await ada.tap('open-room-now');
await ada.on('mic').waitFor();
const room = new URL(ada.page.url()).pathname.split('/').pop();
assert.equal(await ada.on('mic').getAttribute('data-open'), 'false');
assert.equal(await ada.page.title(), '(muted) Tea – Stoa');
await ada.page.keyboard.press('m');
await ada.page.waitForSelector('[data-open=true]');
assert.equal(await ada.page.title(), '(on air) Tea – Stoa');
await ada.page.keyboard.press('m');
await ada.page.waitForSelector('[data-open=false]');
await ada.page.keyboard.down(' ');
await ada.page.waitForSelector('[data-open=true]');
await ada.page.keyboard.up(' ');
await ada.page.waitForSelector('[data-open=false]');

step('Bo sees why a room is there, and chooses what to see');
const kitchen = [...double.people.values()].find((p) => p.name === 'Ada Lovelace');
const music = double.open(kitchen, 'Scales', 'open', [], undefined, undefined, {
  topics: ['music'],
  language: 'en',
});
const loud = double.open(kitchen, 'Drums', 'open', [], undefined, undefined, { topics: ['music'] });
bosOwn.said = { ...bosOwn.said, interests: ['food'], languages: ['de'] };
await bo.page.reload();
const because = bo.on(`why-${room}`);
await because.waitFor();
assert.match(await because.textContent(), /^About Food, which you like/);
assert.equal(await bo.page.locator('.rooms .card').first().getAttribute('data-room'), room);
await because.locator('summary').focus();
await bo.page.keyboard.press('Enter');
await because.getByText('In German, which you speak').waitFor();
await bo.tap('choose-music');
await bo.page.waitForSelector(`[data-test=card-${room}]`, { state: 'detached' });
assert.equal(new URL(bo.page.url()).search, '?topic=music');
await bo.page.reload(); // it is in the address
await bo.page.waitForSelector('.chip[aria-pressed=true]');
assert.deepEqual(
  await bo.page.locator('.rooms .card').evaluateAll((all) => all.map((c) => c.dataset.room).sort()),
  [music.id, loud.id].sort(),
);
await bo.tap('choose-music-en');
await bo.page.waitForSelector(`[data-test=card-${loud.id}]`, { state: 'detached' });
for (const { id } of [music, loud]) double.rooms.delete(id);
await bo.page.reload();
await bo.on('nothing-chosen').waitFor();
await bo.tap('show-all');
await bo.on(`card-${room}`).waitFor();
assert.equal(new URL(bo.page.url()).search, '');

step('Bo comes in from the hallway, and raises his hand');
await bo.tap(`card-${room}`);
await bo.on('hand').waitFor();
await bo.page.waitForFunction(() => document.activeElement?.tagName === 'H1');
// It is said for five seconds only.
const handSaid = ada.page.waitForFunction(
  () =>
    document.querySelector('[data-test=live-region]').textContent ===
    'Bo Nilsen has raised a hand.',
);
await bo.page.keyboard.press('h');
await bo.page.waitForSelector('[data-test=hand][aria-pressed=true]');
await bo.page.getByText('You are next.').first().waitFor();
await ada.page.waitForFunction(() => document.title.startsWith('(muted) (1 ✋)'));
await handSaid;

step('Ada asks him up; he comes, muted, and talks; she mutes him');
const bos = [...double.people.values()].find((p) => p.name === 'Bo Nilsen').id;
await ada.tap('hands');
await ada.tap(`ask-up-${bos}`);
await bo.on('accept-stage').waitFor();
assert.match(await bo.on('asked').textContent(), /Ada asks you on stage\.You start muted/);
await bo.tap('accept-stage');
await bo.on('mic').waitFor();
assert.equal(await bo.on('mic').getAttribute('data-open'), 'false');
await bo.tap('mic');
await bo.page.waitForSelector('[data-open=true]');
await ada.page.keyboard.press('Escape');
await ada.tap(`person-${bos}`);
assert.ok(await ada.on('mic').isEnabled());
await ada.on('mic').click({ trial: true }); // the sheet does not cover it
await ada.tap('mute-them');
await bo.page.waitForSelector('[data-open=false]');
assert.equal(await bo.on('toast').textContent(), 'A moderator has muted you.');

step('Ada mutes Bo for herself, thinks better of blocking him, and hears him again');
const bay = ada.page.locator(`[data-test="person-${bos}"]`);
await ada.tap(`person-${bos}`);
await ada.tap('mute-for-me');
await ada.tap('spare-sure');
await bay.waitFor({ state: 'detached' });
await ada.tap('block');
await ada.on('spare-sure').waitFor();
await ada.page.keyboard.press('Escape');
await ada.on('spare-sure').waitFor({ state: 'detached' });
assert.equal(await ada.on('spare').getAttribute('data-level'), 'mute'); // the sheet is still there
await ada.tap('unspare');
await bay.waitFor();
await ada.page.keyboard.press('Escape');

step('she says anew what it is about');
await ada.tap('menu');
await ada.tap('describe');
await ada.on('describe-title').fill('Tea, and what grows beside it');
await ada.on('describe-topics-add').selectOption('nature');
await ada.tap('describe-save');
await bo.page.locator('h1', { hasText: 'what grows beside it' }).waitFor();

step('she puts the shield up, which Bo sees, and takes it down');
await ada.tap('menu');
await ada.tap('shield');
await bo.on('shield-banner').waitFor();
await ada.tap('shield-down');
await bo.on('shield-banner').waitFor({ state: 'detached' });

step('Bo follows Ada, and looks into the hallway with the room docked');
await bo.page.locator('.bays button').first().focus();
await bo.page.keyboard.press('ArrowRight');
assert.match(await bo.page.evaluate(() => document.activeElement.ariaLabel), /^Bo Nilsen, you/);
await bo.page.keyboard.press('ArrowLeft');
await bo.page.keyboard.press('Enter');
await bo.tap('follow');
await bo.page.waitForSelector('[data-test=follow][data-followed=true]');
await bo.page.keyboard.press('Escape');
await bo.tap('to-hallway');
await bo.on('dock').waitFor();
assert.match(await heading(bo.page), /^Good .*, Bo\.$/);
await bo.page.waitForFunction((id) => document.activeElement?.dataset.room === id, room);
await bo.tap('mic');
await bo.page.waitForSelector('[data-test=dock] [data-open=true]');

step('the network fails and comes back');
double.cutLines();
await bo.page.waitForFunction(() => document.title.startsWith('(connecting)'));
await bo.page.waitForFunction(() => document.title.startsWith('(on air)'));

step('Ada removes Bo; the room is not there for him any more');
await ada.tap(`person-${bos}`);
await ada.tap('remove');
await ada.tap('remove-sure');
await bo.on('dock').waitFor({ state: 'hidden' });
await bo.page.goto(`${origin}/r/${room}`);
await bo.on('room-over').waitFor();
assert.equal(await heading(bo.page), 'This room has closed.');

step('Ada goes, which ends the room; she is asked first');
await ada.tap('leave');
assert.match(await ada.page.locator('dialog').textContent(), /the room ends when you go/);
await ada.tap('leave-sure');
await ada.page.waitForURL(`${origin}/`);
await ada.page.getByText('Quiet here.').waitFor();

step('Ada founds a club: first what cannot be, then what can');
await ada.page.goto(origin);
await ada.tap('tab-clubs');
await ada.on('no-clubs').waitFor();
await ada.tap('found-club');
await ada.on('club-form').waitFor();
assert.equal(await ada.page.locator('.tab-bar:visible').count(), 0); // the form stands on the ground
await ada.on('club-about').fill('We listen to what cities do when nobody is looking.');
await ada.tap('save-club');
await ada.on('edit-hitch').waitFor();
assert.equal(await ada.page.evaluate(() => document.activeElement.id), 'club-name');
await ada.on('club-name').fill('Night Sounds');
await ada.tap('add-rule');
await ada.on('rule-0').fill('Whoever speaks may finish.');
await ada.page.locator('.opt:has([data-test=joining-nomination])').click();
await ada.tap('save-club');
await ada.on('open-here').waitFor();
assert.equal(await heading(ada.page), 'Night Sounds');
assert.equal(await ada.page.title(), 'Night Sounds – Stoa');
const night = [...double.clubs.all.values()][0];
assert.deepEqual(night.rules, ['Whoever speaks may finish.']);

step('Bo finds it, follows it, and cannot come in by himself');
await bo.page.goto(origin);
await bo.tap('tab-clubs');
await bo.tap(`club-${night.id}`);
await bo.tap('follow-club');
await bo.page.waitForSelector('[data-test=follow-club][data-followed=true]');
assert.equal(await bo.on('join').count(), 0);
assert.equal(await bo.on('open-here').count(), 0);

step('Ada invites him; he reads the rules, which change meanwhile, and comes in');
await ada.tap('nominate');
await ada.on('by-handle').fill('@nobody');
await ada.tap('nominate-handle');
await ada.on('nominate-hitch').waitFor();
bosOwn.said = { ...bosOwn.said, handle: 'bo' };
await ada.on('by-handle').fill('bo');
await ada.tap('nominate-handle');
await ada.page.getByText('Invited: @bo').first().waitFor();
await ada.page.keyboard.press('Escape');
await bo.page.goto(`${origin}/clubs`);
await bo.tap(`accept-${night.id}`);
await bo.on('agree').waitFor();
night.rules = [...night.rules, 'Silence is a contribution.'];
night.rules_version++;
await bo.tap('agree');
await bo.on('join-hitch').waitFor();
await bo.page.getByText('Silence is a contribution.').waitFor();
await bo.tap('agree');
await bo.on('clubs-mine').waitFor();
assert.ok(double.clubs.isMember(night.id, bosOwn.id));
await bo.page.waitForFunction(() => document.activeElement !== document.body);

step('he shows it on his profile, and nominates somebody, whom Ada invites');
const cy = double.account('Cy Young');
cy.said = { ...cy.said, handle: 'cyyoung' };
await bo.tap(`club-${night.id}`);
await bo.tap('club-menu');
await bo.on('shown').check();
await bo.page.waitForFunction(() => document.querySelector('[data-test=shown]').checked);
await bo.page.keyboard.press('Escape');
await bo.tap('nominate');
await bo.on('by-handle').fill('cyyoung');
await bo.tap('nominate-handle');
await bo.page.getByText('Nominated: @cyyoung').first().waitFor();
await bo.page.keyboard.press('Escape');
await ada.page.goto(`${origin}/c/${night.id}`);
await ada.on('pending-count').waitFor();
await ada.tap('part-members');
await ada.tap(`yes-${cy.id}`);
await ada.page.getByText('Cy Young is invited.').first().waitFor();
assert.equal(night.pending.get(cy.id).kind, 'invited');
await ada.page.goto(`${origin}/p/${bosOwn.id}`);
await ada.on('clubs-of').waitFor();

step('a room for members: Bo sees it, Cy does not');
await ada.page.goto(`${origin}/c/${night.id}`);
await ada.tap('open-here');
await ada.on('room-title').fill('Foxes');
assert.ok(await ada.on('visibility-members').isChecked());
await ada.tap('open-room-now');
await ada.on('mic').waitFor();
const foxes = new URL(ada.page.url()).pathname.split('/').pop();
assert.equal(await ada.on('room-club').textContent(), 'Night Sounds');
const cys = await visitor();
await cys.context.addCookies([{ name: 'stoa_session', value: double.login(cy).id, url: origin }]);
await cys.page.goto(origin);
await cys.page.getByText('Quiet here.').waitFor();
await cys.page.goto(`${origin}/r/${foxes}`);
await cys.on('room-over').waitFor();
await bo.page.goto(`${origin}/c/${night.id}`);
await bo.tap(`card-${foxes}`);
await bo.on('hand').waitFor();
await bo.tap('room-club');
await bo.on('dock').waitFor(); // and the navigation makes room for it
assert.ok(await bo.on('tab-hallway').isVisible());

step('the club lets people in by request: Cy declines, asks, and is let in');
await ada.page.goto(`${origin}/c/${night.id}/edit`);
await ada.page.locator('.opt:has([data-test=joining-approval])').click();
await ada.tap('save-club');
await ada.page.waitForFunction(
  () => document.querySelector('[data-test=save-club]').ariaDisabled === 'true',
);
await cys.page.goto(`${origin}/clubs`);
await cys.tap(`decline-${night.id}`);
await cys.page.getByText('Declined.').first().waitFor();
await cys.tap(`club-${night.id}`);
await cys.tap('join');
await cys.tap('agree');
await cys.on('not-join').waitFor();
await ada.page.goto(`${origin}/c/${night.id}`);
await ada.tap('part-members');
await ada.tap(`yes-${cy.id}`);
await ada.on(`member-${cy.id}`).waitFor();

step('Cy is suggested to Bo, who does not want that');
await bo.page.goto(`${origin}/me`);
await bo.tap(`suggested-hide-${cy.id}`);
await bo.on(`suggested-${cy.id}`).waitFor({ state: 'hidden' });
assert.ok(bosOwn.hidden.has(cy.id));

step('Ada makes Bo an admin, and removes Cy, barred; the members’ room is shut to him');
await ada.tap(`change-${bosOwn.id}`);
await ada.tap('make-admin');
await ada.page.waitForSelector(`[data-test=member-${bosOwn.id}][data-role=admin]`);
await ada.tap(`change-${cy.id}`);
await ada.tap('remove-member');
await ada.on('bar-too').check();
await ada.tap('remove-member-sure');
await ada.on('barred').waitFor();
await cys.page.goto(`${origin}/r/${foxes}`);
await cys.on('room-over').waitFor();
await cys.page.goto(`${origin}/c/${night.id}`);
await cys.tap('join');
await cys.tap('agree');
await cys.on('join-hitch').waitFor();
await ada.tap(`let-off-${cy.id}`);
await ada.on('barred').waitFor({ state: 'hidden' });

step('open to all, Cy joins at once, and leaves again');
night.joining = 'open';
await cys.page.goto(`${origin}/c/${night.id}`);
await cys.tap('join');
await cys.tap('agree');
await cys.on('nominate').waitFor();
await cys.tap('club-menu');
await cys.tap('leave-club');
await cys.tap('leave-club-sure');
await cys.page.waitForURL(`${origin}/clubs`);
assert.ok(!double.clubs.isMember(night.id, cy.id));
await cys.context.close();
double.erase(cy);

step('Ada hands the club over to Bo, who dissolves it');
await ada.tap(`change-${bosOwn.id}`);
await ada.tap('hand-over');
await ada.tap('hand-over-sure');
await ada.page.waitForSelector(`[data-test=member-${bosOwn.id}][data-role=founder]`);
await bo.page.goto(`${origin}/c/${night.id}`);
await bo.tap('club-menu');
await bo.tap('dissolve');
await bo.tap('dissolve-sure');
await bo.on('no-clubs').waitFor();
await ada.page.goto(`${origin}/c/${night.id}`);
await ada.on('no-club').waitFor();

step('Ada writes to Bo, who reads and answers; the node has nothing that can be read');
await bo.page.goto(`${origin}/messages`);
await bo.on('no-talks').waitFor();
await ada.page.goto(`${origin}/p/${bos}`);
await ada.tap('write-to');
await ada.page.waitForURL(/\/messages\/[0-9a-v]{26}$/);
await ada.on('write-message').fill('Are you there, Bo?');
await ada.tap('send-message');
await ada.on('line').waitFor();
await bo.on('talks').or(bo.on('requests')).first().waitFor();
if (await bo.on('requests').count()) await bo.page.locator('[data-test=requests] summary').click();
await bo.page.locator('a[data-test^="talk-"]').click();
await bo.page.getByText('Are you there, Bo?').first().waitFor();
if (await bo.on('asked').count()) await bo.tap('accept-talk');
await bo.on('write-message').fill('I am.');
await bo.page.keyboard.press('Enter');
await ada.page.getByText('I am.').first().waitFor();
const talk = [...double.talks.all.values()][0];
assert.doesNotMatch(JSON.stringify(talk), /there, Bo|I am/);

step('Bo silences it with the keyboard; what comes is in the list, and does not call him');
await bo.on('talk-people').focus();
await bo.page.keyboard.press('Enter');
const silence = bo.page.getByRole('checkbox', { name: 'Silence this conversation' });
await silence.focus();
await bo.page.keyboard.press('Space');
await bo.page.keyboard.press('Escape');
await bo.on('silent').waitFor();
await bo.page.goto(`${origin}/messages`);
await ada.on('write-message').fill('Quietly, Bo.');
await ada.tap('send-message');
await bo.on('unread').waitFor();
assert.equal(await bo.on('silent').count(), 1);
assert.equal(await bo.on('unseen').count(), 0);
assert.equal(await ada.on('silent').count(), 0);
await bo.page.locator('a[data-test^="talk-"]').click();

step('Ada takes back what she has written, with the keyboard; it is gone where Bo has read it');
await bo.page.getByText('Quietly, Bo.').first().waitFor();
const [foreign] = await bo.page.locator('[data-test=line]').all();
assert.equal(await foreign.locator('[data-test=take-back]').count(), 0);
const undo = ada.page.getByRole('button', { name: 'Take back: Quietly, Bo.' });
await undo.focus();
assert.match(await undo.evaluate((b) => b.nextElementSibling.textContent), /deleted for all/);
await ada.page.keyboard.press('Enter');
await bo.page
  .locator('[data-test=line-taken]', { hasText: /^Ada.* took a message back\.$/ })
  .waitFor();
await ada.page.locator('[data-test=line-taken]', { hasText: 'You took a message back.' }).waitFor();
assert.equal(await bo.page.getByText('Quietly, Bo.').count(), 0);
await bo.page.reload();
await bo.on('line-taken').waitFor();
assert.equal(await bo.page.getByText('Quietly, Bo.').count(), 0);

step('Ada comes back to it; Bo leaves, and what he had is gone');
await ada.page.goto(`${origin}/messages`);
await ada.page.locator('a[data-test^="talk-"]').click();
await ada.page.getByText('I am.').first().waitFor();
await bo.tap('leave-talk');
await bo.tap('leave-yes');
await bo.on('no-talks').waitFor();
await ada.on('talk-waits').waitFor();
assert.equal(talk.people.get(bos).state, 'left');

step('Ada and Bo list each other, and find each other; the house is told no name');
const asked = [];
for (const { page } of [ada, bo]) {
  page.on('request', (r) => r.url().includes('/discovery') && asked.push(r.postData() ?? ''));
}
double.people.get(bos).said.handle = 'bo_n';
const adas = [...double.people.values()].find((p) => p.name === 'Ada Lovelace');
adas.said.handle ||= 'ada_l';
for (const [who, lists] of [
  [ada, '@Bo_N, somebody@example.org'],
  [bo, `@${adas.said.handle}`],
]) {
  await who.page.goto(`${origin}/find`);
  await who.tap('find-on');
  await who.on('find-list').fill(lists);
  await who.tap('find-look');
  await who.on('find-count').waitFor();
}
await bo.on(`found-${adas.id}`).waitFor();
await ada.page.reload();
await ada.on(`found-${bos}`).waitFor();
assert.equal(await ada.on('find-list').inputValue(), '@bo_n\nsomebody@example.org');
assert.doesNotMatch(asked.join(), /bo_n|somebody|ada_l/);
await ada.page.goto(`${origin}/activity`);
await ada.page.getByText('You and Bo Nilsen have found each other').first().waitFor();
await bo.tap('find-on');
await bo.on('find-list').waitFor({ state: 'detached' });
assert.equal(double.discovery.lists.has(bos), false);

step('Ada reports Bo, and a third one judges; Bo reads why, and answers');
await ada.page.goto(`${origin}/p/${bos}`);
await ada.tap('report-person');
await ada.tap('report-send');
assert.match(await ada.page.locator('.err').textContent(), /Choose/);
await ada.tap('reason-spam');
await ada.on('report-words').fill('He sells tea.');
await ada.tap('report-send');
await ada.page.waitForURL(`${origin}/p/${bos}`);
const eve = double.account('Eve');
double.ward.wardens.add(eve.id);
double.ward.decide(eve.id, bos, 'warning', 'No advertising here.');
await ada.page.goto(`${origin}/me/reports`);
assert.match(await ada.on('my-reports').textContent(), /Bo Nilsen.*Decided/s);
await bo.page.goto(`${origin}/settings`);
await bo.tap('to-decisions');
assert.match(await bo.on('my-decisions').textContent(), /No advertising here/);
assert.doesNotMatch(await bo.on('my-decisions').textContent(), /Ada|Eve/);
await bo.tap('answer');
await bo.on('answer-text').fill('It was a joke.');
await bo.tap('answer-send');
await bo.on('answer').waitFor({ state: 'hidden' });

step('Ada is a warden: she sees the answer, and others judge what she has reported');
double.ward.wardens.add(adas.id);
await ada.page.goto(`${origin}/queue`);
await ada.tap(`entry-${bos}`);
await ada.on('answered').waitFor();
assert.equal(await ada.on('decide').count(), 0);
double.ward.report(eve.id, 'person', eve.id, 'other', 'Judge me.');
await ada.page.goto(`${origin}/queue/${eve.id}`);
await ada.tap('decide-suspend');
await ada.on('decide-days').fill('3');
await ada.on('decide-why').fill('A pause.');
await ada.tap('decide-now');
await ada.tap('decide-yes');
await ada.page.locator('[data-test=decide-yes]').waitFor({ state: 'hidden' });
assert.equal(double.ward.entries.get(eve.id).decisions[0].what, 'suspend');

step('Bo is kept out for a while: he reads why, and comes back');
double.suspended.set(bos, { until: '2027-01-01T00:00:00Z', reason: 'No advertising here.' });
await bo.page.reload();
await bo.on('suspended').waitFor();
assert.match(await bo.on('suspended').textContent(), /2027/);
double.suspended.clear();
await bo.tap('look-again');
await bo.on('suspended').waitFor({ state: 'hidden' });
double.people.delete(eve.id);

step('Bo gives an address, mistypes the code, and wants news without names');
double.mail.sends = true;
await bo.page.goto(`${origin}/settings`);
await bo.on('mail-address').fill('bo@example.org');
await bo.tap('mail-address-go');
await bo.on('mail-code').fill('1');
await bo.tap('mail-code-go');
assert.match(await bo.on('mail-hitch').textContent(), /not the code/);
await bo.on('mail-code').fill(double.mail.codes.get(bos));
await bo.page.keyboard.press('Enter');
await bo.on('my-address').waitFor();
await bo.on('mail-news-digest').check({ force: true });
await bo.page.waitForFunction(
  () => document.querySelector('[data-test=mail-news-digest]')?.checked === true,
);
await bo.page.waitForTimeout(200);
assert.equal(double.mail.all.get(bos).news, 'digest');
await bo.tap('remove-address');
await bo.tap('remove-address-yes');
await bo.on('mail-address').waitFor();
assert.ok(!double.mail.all.has(bos));

step('Bo looks at what the house keeps of him, and takes it along');
await bo.page.goto(`${origin}/settings`);
await bo.tap('to-stored');
await bo.on('class-account').waitFor();
await bo.page.locator('[data-test=class-account] summary').click();
assert.match(await bo.on('class-account').textContent(), /Bo Nilsen/);
const [archive] = await Promise.all([bo.page.waitForEvent('download'), bo.tap('export')]);
assert.equal(archive.suggestedFilename(), 'stoa.zip');

step('he thinks better of erasing, then has the wrong code, then erases his account');
await bo.tap('erase');
await bo.page.keyboard.press('Escape');
await bo.on('erase-sheet').waitFor({ state: 'hidden' });
await bo.tap('erase');
await bo.on('erase-code').fill('another’s');
await bo.tap('erase-with-code');
assert.match(await bo.on('erase-hitch').textContent(), /Nothing was erased/);
assert.ok(double.people.has(bos));
await bo.on('erase-code').fill(double.people.get(bos).recovery);
await bo.tap('erase-with-code');
await bo.on('goodbye').waitFor();
assert.equal(await bo.page.title(), 'Goodbye – Stoa');
assert.ok(!double.people.has(bos));
await bo.page.goto(origin);
await bo.on('to-signin').waitFor();

step('the house is open: Di computes, and comes in without an invitation');
assert.equal(await bo.on('to-join').count(), 0);
double.doorIsOpen = true;
await bo.page.reload();
await bo.tap('to-join');
await bo.on('work-done').waitFor();
await bo.on('name').fill('Di');
await bo.tap('signup-recovery');
await bo.tap('recovery-kept');
assert.equal(await bo.on('first-inviter').count(), 0);
await bo.tap('first-later');
await bo.page.waitForURL(`${origin}/`);
const di = [...double.people.values()].find(({ name }) => name === 'Di');
assert.ok(di && !di.invitedBy);
double.people.delete(di.id);
double.doorIsOpen = false;

step('Ada erases hers, by her passkey; it does not come unasked');
await ada.page.goto(`${origin}/me/stored`);
await touch(false);
await ada.tap('erase');
assert.equal(await ada.on('erase-code').count(), 0);
await touch(true);
await ada.tap('erase-passkey');
await ada.on('goodbye').waitFor();
assert.equal(double.people.size, 0);

assert.deepEqual(errors, []);
step('all is well');
await browser.close();
await double.stop();
await close();
