// Opens every screen in both languages, both themes, on a phone and on a wide
// screen; writes pictures to build/shots and fails on anything axe finds, on
// sideways scrolling (down to 320 pixels) and on errors of the page.
// `npm run shots [parts of names]`; with ONLY="de light phone" only those, which
// is quicker, and less is looked at.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { launch, standIn } from './browser.mjs';
import * as networks from './network.mjs';
import { dist, load } from './run.mjs';

const out = fileURLToPath(new URL('../../build/shots/', import.meta.url));
const waybills = JSON.parse(
  await readFile(new URL('../../test/vectors/waybill.json', import.meta.url), 'utf8'),
);
const wanted = process.argv.slice(2);
const only = (process.env.ONLY ?? '').split(' ');
/** Those of a kind that are asked for; all of them where none is. */
const chosen = (all) =>
  all.some((one) => only.includes(one)) ? all.filter((one) => only.includes(one)) : all;
const languages = chosen(['en', 'de']);
const themes = chosen(['light', 'dark']);
const screens = { phone: { width: 390, height: 844 }, wide: { width: 1280, height: 800 } };
const sizes = Object.fromEntries(chosen(Object.keys(screens)).map((size) => [size, screens[size]]));

const { module, close } = await load('/test/double.ts');
const browser = await launch();
const failures = [];

/** A likeness, painted: somebody against a wall, in the light of `hue`. */
async function painted(hue) {
  const page = await browser.newPage();
  const url = await page.evaluate((hue) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 512;
    const c = canvas.getContext('2d');
    const wall = c.createLinearGradient(0, 0, 512, 512);
    wall.addColorStop(0, `oklch(0.82 0.07 ${hue})`);
    wall.addColorStop(1, `oklch(0.5 0.09 ${hue + 40})`);
    c.fillStyle = wall;
    c.fillRect(0, 0, 512, 512);
    c.fillStyle = `oklch(0.35 0.07 ${hue + 180})`;
    c.beginPath();
    c.ellipse(256, 520, 190, 170, 0, 0, 7);
    c.fill();
    c.fillStyle = `oklch(${0.5 + (hue % 7) / 20} 0.07 55)`;
    c.beginPath();
    c.ellipse(256, 236, 92, 116, 0, 0, 7);
    c.fill();
    c.fillStyle = `oklch(0.28 0.04 ${hue})`;
    c.beginPath();
    c.ellipse(256, 168, 104, 84, 0, Math.PI, 0);
    c.fill();
    return canvas.toDataURL('image/jpeg', 0.9);
  }, hue);
  await page.close();
  return Buffer.from(url.split(',')[1], 'base64');
}
const portraits = await Promise.all([20, 95, 160, 235, 300].map(painted));
let taken = 0;

/** A house with people in it. Each picture has its own. */
async function house(language, crowd) {
  const de = language === 'de';
  const double = new module.Double(dist);
  const origin = await double.listen(0);
  const names = [
    'Aylin Demir',
    'Jonas Brandt',
    'Thea Okafor',
    'Rúben Sá',
    'Ilse Wagner',
    'Bo Nilsen',
    'Noor Haddad',
    'Greta Holm',
    'Kofi Mensah',
    'Salma Rahimi',
    'Pavel Novák',
    'Yuki Tanabe',
    'Henrike Vogt',
    'Idris Bello',
    'Lena Marquardt',
    'Tom Ashby',
    'Marta Kowalska',
    'Diego Ferrer',
    'Amara Nwosu',
    'Jule Petersen',
    'Esra Çelik',
    'Mats Eklund',
    'Wolfeschlegelsteinhausenbergerdorff',
    'Hans-Georg Thiel',
    'Chiara Conti',
    'Oskar Lund',
    'Fatou Diallo',
    'Renate Kühn',
    'Béla Szabó',
    'Lucía Prieto',
    '李',
    'Zeynep Arslan',
  ];
  const people = names.map((name) => double.account(name));
  const [aylin, jonas, thea, ruben, ilse, bo, noor, greta, kofi, salma] = people;
  const mira = double.account('Mira Lindqvist', [aylin, jonas, kofi, noor, salma, people[22]]);
  for (const p of [noor, greta, kofi, salma]) aylin.follows.add(p.id);
  for (const p of [aylin, ilse]) p.follows.add(mira.id);
  mira.passkeys.push('a');
  mira.said.languages = ['de', 'en'];
  mira.said.interests = ['society', 'food'];
  for (const [n, p] of [aylin, thea, noor, people[11], people[13]].entries()) {
    double.picture(p, portraits[n]);
  }
  aylin.invitedBy = jonas.id;
  mira.invitedBy = aylin.id;
  aylin.said = {
    handle: 'aylin',
    pronouns: de ? 'sie/ihr' : 'she/her',
    bio: de
      ? 'Sammelt die Geräusche schlafender Städte. Macht Radio, kocht schlecht, hört gut zu.\nFragt mich nach dem Güterzug um 4:12.'
      : 'Collects the sounds of sleeping cities. Radio maker, bad cook, good listener.\nAsk me about the 4:12 freight train.',
    links: [
      {
        url: 'https://lisboa.nightsounds.example/',
        text: de ? 'Nachtgeräusche' : 'Night sounds',
      },
      { url: 'https://radio.example/aylin' },
    ],
    languages: ['de', 'tr', 'en'],
    show_inviter: true,
    findable: true,
  };

  const pictured = ({ picture }) => (picture ? { picture: picture.version } : {});
  const up = (room, person, open = false) => {
    const { id: who, name } = person;
    double.happen(room, { entered: { who, name, followed: false, ...pictured(person) } });
    double.happen(room, { stepped_up: { who: person.id } });
    if (open) double.happen(room, { unmuted: { who: person.id } });
  };
  const sit = (room, person, followed = false) =>
    double.happen(room, {
      entered: { who: person.id, name: person.name, followed, ...pictured(person) },
    });
  const there = (room, person) => {
    double.happen(room, { returned: { who: person.id } });
    double.happen(room, { unmuted: { who: person.id } });
  };

  const none = [[], undefined, undefined];
  const night = double.open(
    aylin,
    de
      ? 'Warum schlafen Städte so schlecht? Geräusche der Nacht, gesammelt und erklärt'
      : 'Why do cities sleep so badly? Night sounds, collected and explained',
    'open',
    [],
    waybills.room,
    undefined,
    { language, topics: ['science', 'society'] },
  );
  there(night, aylin);
  for (const [n, p] of [jonas, thea, ruben, ilse, bo].entries()) up(night, p, n === 1);
  double.happen(night, { made_moderator: { who: jonas.id } });
  for (const p of [noor, greta, kofi, salma]) sit(night, p, true);
  for (const p of people.slice(10, 30)) sit(night, p);

  if (crowd) {
    for (let n = 0; n < 80; n++) sit(night, double.account(`${names[n % 30]} ${n}`));
    for (let n = 0; n < 4884; n++)
      double.hide(night, { id: `hidden${n}`, name: `${names[n % 30]} ${n}` });
  }

  const tea = double.open(
    people[11],
    de ? 'Nur Tee. Komm rein, sag nichts.' : 'Just tea. Come in, say nothing.',
    'social',
    ...none,
    { language, topics: ['food'] },
  );
  there(tea, people[11]);
  people[11].follows.add(mira.id);

  const many = double.open(
    people[12],
    de
      ? 'Mitgliedervollversammlung: Bauausschuss, Nachtragshaushalt, energetische Gebäudesanierung'
      : 'General assembly: building committee, supplementary budget, energy refurbishment',
    'closed',
    [mira.id],
  );
  there(many, people[12]);
  for (const [n, p] of people.slice(13, 32).entries()) up(many, p, n % 5 === 0);
  double.happen(many, { went_away: { who: people[15].id, until: '2027-01-01T00:00:00Z' } });
  for (let n = 0; n < 104; n++) sit(many, double.account(`${names[n % 30]} ${n}`), n < 12);

  const untitled = double.open(kofi, '', 'open', ...none, { language: 'fr' });
  there(untitled, kofi);

  // Clubs: in some of them Mira is, and of one she is the founder.
  const noor2 = people[6];
  const sounds = double.clubs.found(aylin.id, {
    name: de ? 'Nachtklang' : 'Night Sounds',
    about: de
      ? 'Wir hören, was Städte tun, wenn niemand hinschaut. Kühlschränke, Füchse, Güterzüge. Donnerstags um sieben und immer dann, wenn jemand nicht schlafen kann.'
      : 'We listen to what cities do when nobody is looking. Fridges, foxes, freight trains. Thursdays at seven, and whenever someone cannot sleep.',
    rules: de
      ? [
          'Wer spricht, darf ausreden.',
          'Aufnahmen von anderen nur mit deren Ja.',
          'Schweigen ist ein Beitrag.',
        ]
      : [
          'Whoever speaks may finish.',
          'Recordings of others only with their yes.',
          'Silence is a contribution.',
        ],
    joining: 'approval',
    language: de ? 'de' : 'en',
  });
  for (const p of people.slice(1, 26)) double.clubs.take(sounds, p.id);
  sounds.members.get(jonas.id).role = 'admin';
  sounds.members.get(aylin.id).shown = true;
  for (const p of people.slice(26, 30)) sounds.followers.add(p.id);
  const violins = double.clubs.found(mira.id, {
    name: de
      ? 'Geigen bauen und heilen, auch schwerst verunglückte'
      : 'People who mend violins, even those beyond mending',
    about: de
      ? 'Holz, Leim, Geduld. Wir reden über das, was unter dem Lack liegt.'
      : 'Wood, glue, patience. We talk about what lies under the varnish.',
    rules: [],
    joining: 'approval',
  });
  for (const p of [noor2, people[8], people[22], ilse, ruben]) double.clubs.take(violins, p.id);
  violins.members.get(noor2.id).role = 'admin';
  violins.pending.set(thea.id, { kind: 'asked', at: '2026-11-28T08:00:00Z' });
  violins.pending.set(people[15].id, {
    kind: 'nominated',
    by: ilse.id,
    at: '2026-11-28T09:00:00Z',
  });
  violins.pending.set(people[18].id, { kind: 'invited', by: mira.id, at: '2026-11-28T09:00:00Z' });
  violins.barred.add(people[23].id);
  const coop = double.clubs.found(people[21].id, {
    name: de ? 'Wohnungsbaugenossenschaft Südhang' : 'Südhang housing co-op',
    about: de
      ? 'Heizung, Dach, Geld: alles, was uns gemeinsam gehört.'
      : 'Heating, roof, money: whatever is ours together.',
    rules: [de ? 'Was hier gesagt wird, bleibt im Haus.' : 'What is said here stays in the house.'],
    joining: 'nomination',
    rooms: 'admins',
    listed: false,
  });
  double.clubs.take(coop, mira.id);
  for (const p of people.slice(10, 20)) double.clubs.take(coop, p.id);
  const words = double.clubs.found(people[12].id, {
    name: de ? 'Wortwerkstatt' : 'Word Workshop',
    about: de ? 'Lieblingswörter, laut gelesen.' : 'Favourite words, read aloud.',
  });
  for (const p of people.slice(13, 18)) double.clubs.take(words, p.id);
  const walks = double.clubs.found(people[13].id, {
    name: de ? 'Leipzig zu Fuß' : 'Leipzig on foot',
    about: '',
    joining: 'nomination',
  });
  walks.pending.set(mira.id, { kind: 'invited', by: people[13].id, at: '2026-11-28T08:00:00Z' });
  walks.rules = [de ? 'Niemand wird abgehängt.' : 'Nobody is left behind.'];
  const listening = double.open(
    aylin,
    de ? 'Füchse am Güterbahnhof, live' : 'Foxes at the freight yard, live',
    'open',
    [],
    undefined,
    sounds,
  );
  there(listening, aylin);
  up(listening, jonas);
  const glue = double.open(
    noor2,
    de ? 'Knochenleim oder nicht?' : 'Hide glue, or not?',
    'members',
    [],
    undefined,
    violins,
  );
  there(glue, noor2);
  for (const p of [ilse, ruben]) up(glue, p);
  // What is planned, from this evening on.
  const hour = (days, h, m = 0) => {
    const time = new Date();
    time.setDate(time.getDate() + days);
    time.setHours(h, m, 0, 0);
    return time.toISOString();
  };
  const soonest = new Date(Math.ceil((Date.now() + 600_000) / 60_000) * 60_000).toISOString();
  const reading = double.plans.add(people[12].id, {
    title: de ? 'Vorgelesen: Mascha Kaléko' : 'Read aloud: Mascha Kaléko',
    ...{ starts: hour(1, 19, 30), club: words.id, minutes: 45 },
  });
  const council = double.plans.add(people[13].id, {
    title: de ? 'Stadtrat, live und erklärt' : 'The city council, live and explained',
    ...{ starts: hour(1, 20), club: walks.id, recorded: true, cohosts: [people[14].id, mira.id] },
    about: de
      ? 'Wir hören zu, halten an und erklären, worüber gerade abgestimmt wird. Fragen sind willkommen, auch die einfachen.'
      : 'We listen, stop, and explain what is being voted on. Questions are welcome, the simple ones too.',
    ...{ language: 'de', minutes: 120 },
  });
  council.asked.set(people[14].id, true);
  const foxes = double.plans.add(mira.id, {
    title: de ? 'Füchse am Güterbahnhof' : 'Foxes at the goods station',
    about: de
      ? 'Drei Nächte, vier Stunden Band. Wir hören hinein und raten, was da ruft.\nBringt eigene Aufnahmen mit.'
      : 'Three nights, four hours of tape. We listen, and guess what is calling.\nBring recordings of your own.',
    ...{ starts: soonest, club: sounds.id, visibility: 'members', recorded: true },
    ...{ cohosts: [jonas.id, ilse.id], invite: [thea.id] },
  });
  foxes.asked.set(jonas.id, true);
  for (const p of people.slice(3, 17)) foxes.goers.set(p.id, 15);
  const coffee = double.plans.add(kofi.id, {
    title: de ? 'Kaffee mit Fremden' : 'Coffee with strangers',
    ...{ starts: hour(2, 7, 15), minutes: 30 },
  });
  coffee.goers.set(mira.id, 5);
  double.plans.add(aylin.id, {
    title: de
      ? 'Datenschutzgrundverordnung für Chöre, Vereine und Kleingärten'
      : 'Data protection law for choirs, associations and allotment gardens',
    ...{ starts: hour(2, 18), minutes: 90 },
  });
  const over = double.plans.add(noor.id, {
    title: de ? 'Der modulare Synthesizer, nur für Neue' : 'The modular synthesizer, for beginners',
    ...{ starts: hour(6, 21, 15), club: sounds.id },
  });
  over.goers.set(mira.id, 15);
  over.state = 'cancelled';

  return {
    plans: { reading, council, foxes, coffee },
    language,
    double,
    origin,
    mira,
    aylin,
    people,
    night,
    tea,
    many,
    jonas,
    ilse,
    thea,
    noor,
    kofi,
    clubs: { sounds, violins, coop, words, walks },
    glue,
  };
}

const at = (address) => async (page, h) => {
  await page.goto(h.origin + (typeof address === 'function' ? address(h) : address));
  await page.waitForSelector('h1');
};
const inRoom = (key) => async (page, h) => {
  await at(`/r/${h[key].id}`)(page, h);
  await page.waitForSelector('[data-test=bar]');
  const stage = h[key].view.people.filter((p) => p.stage).sort((a, b) => a.stage - b.stage);
  const slots = stage.slice(0, 8).map((p) => p.who);
  const speaking = stage.filter((p) => !p.muted).map((p) => p.who);
  h.double.voices(h[key], slots, speaking.slice(0, 2));
  await page.waitForTimeout(300);
};
/**
 * In the page, before the app: takes the place of the worker that keeps the
 * keys, for the double has none. Who is on the stage speaks by a device of
 * theirs; `otherDevice(who)` gives them another one.
 */
function sealed() {
  const workers = new Set();
  const others = new Set();
  const device = (who) => btoa((others.has(who) ? 'other ' : 'device ') + who);
  window.otherDevice = (who) => {
    others.add(who);
    for (const worker of workers) worker.tell();
  };
  window.RTCRtpScriptTransform = class {}; // it takes a real one only
  window.Worker = class {
    #stage = [];
    #own = {};
    constructor() {
      workers.add(this);
    }
    terminate() {
      workers.delete(this);
    }
    postMessage({ visit, scene, hold, write, said }) {
      if (write) this.#say({ written: { ask: write.ask, sealed: write.text } });
      if (said) {
        const { sealed: text, ...message } = said;
        const { who } = message;
        this.#say({ word: { ...message, text, device: this.#own[who] ?? device(who) } });
      }
      if (visit) {
        const key = btoa(String.fromCharCode(...visit.device.publicKey));
        this.#own[visit.who] = key.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      }
      if (scene) {
        this.#stage = scene.stage;
        this.tell();
      }
      if (hold) {
        const pieces = Array.from({ length: 10 }, (_, id) => {
          const to = Date.now() - (10 - id) * 6_000;
          return { id, from: to - 5_000, to, frames: 250 };
        });
        this.#say({ held: { ask: hold.ask, pieces } });
      }
    }
    tell() {
      const voices = this.#stage.map(({ who }) => ({
        who,
        device: this.#own[who] ?? device(who),
        trust: 'proven',
      }));
      if (voices.length === 0) return;
      const since = new Date(Date.now() - 125_000);
      const code = '73026 11948 50377 28841 96105 43312';
      const steward = voices[0].who;
      const lock = { state: 'sealed', epoch: 4, since, holders: 36, steward, tending: false };
      this.#say({ lock: { ...lock, proven: false, code, voices } });
    }
    #say(data) {
      setTimeout(() => this.onmessage?.({ data }));
    }
  };
}
const pinned = (page) => page.waitForTimeout(300);
/** Mira has blocked somebody, and muted somebody else. */
const sparing = (_, h) => {
  h.mira.blocks.set(h.ilse.id, { level: 'mute', since: '2026-11-20T08:00:00Z' });
  h.mira.blocks.set(h.thea.id, { level: 'block', since: '2026-11-26T08:00:00Z' });
};

/** Mira has written with Aylin, is in a group, and Jonas, whom she does not follow, asks her. */
const writing = (open) => async (page, h) => {
  await at('/messages')(page, h);
  const de = await page.evaluate(() => document.documentElement.lang.startsWith('de'));
  await page.waitForSelector('[data-test=no-talks]');
  h.mira.follows.add(h.aylin.id);
  const [aylin, jonas, thea] = await Promise.all(
    [h.aylin, h.jonas, h.thea].map((p) => h.double.talks.deviceOf(p.id)),
  );
  h.mira.follows.delete(h.jonas.id);
  await jonas.write(
    await jonas.begin([h.mira.id]),
    de
      ? 'Hallo Mira, magst du nächste Woche bei uns über Nachtzüge erzählen?'
      : 'Hello Mira, would you tell us about night trains next week?',
  );
  h.mira.follows.add(h.thea.id);
  const group = await thea.begin([h.mira.id, h.aylin.id]);
  await thea.write(
    group,
    de ? 'Wer bringt am Freitag den Tee mit?' : 'Who brings the tea on Friday?',
  );
  const two = await aylin.begin([h.mira.id]);
  const lines = de
    ? [
        'Das war schön gestern. Die Füchse habe ich danach noch lange gehört.',
        'Hast du den Mitschnitt vom Bahnhof noch? Den mit der alten Durchsage.',
      ]
    : [
        'That was lovely yesterday. I heard the foxes for a long time afterwards.',
        'Do you still have the sound of the station? The one with the old announcement.',
      ];
  for (const text of lines) await aylin.write(two, text);
  if (open === 'two') {
    await aylin.refresh();
    await page.waitForTimeout(600);
    await aylin.takeBack(two, aylin.talks.value.find((t) => t.id === two).lines[0].seq);
  }
  await page.waitForFunction(() => document.querySelectorAll('[data-test=talks] a').length === 2);
  h.double.talks.silence(h.mira.id, group);
  await page.waitForSelector('[data-test=silent]');
  if (open === 'two') {
    await page.click(`[data-test=talk-${two}]`);
    await page.fill(
      '[data-test=write-message]',
      de ? 'Ja, ich suche ihn dir heute Abend heraus.' : 'Yes, I will look for it tonight.',
    );
    await page.click('[data-test=send-message]');
    await page.waitForFunction(() => document.querySelectorAll('[data-test=line]').length === 2);
    await page.waitForSelector('[data-test=line-taken]');
    await page.click('[data-test=line] >> nth=-1 >> .said-text');
  }
  if (open === 'asked') {
    await page.click('[data-test=requests] summary');
    await page.click('[data-test=requests] a.row');
    await page.waitForSelector('[data-test=asked]');
  }
  if (open === 'requests') await page.click('[data-test=requests] summary');
  if (open === 'people' || open === 'add') {
    h.mira.follows.add(h.jonas.id);
    await page.click(`[data-test=talk-${group}]`);
    await page.click('[data-test=talk-people]');
    await page.waitForSelector('[data-test=people-sheet]');
  }
  if (open === 'add') {
    await page.click('[data-test=add-people]');
    await page.click(`[data-test=choose-${h.jonas.id}]`);
  }
};

/** Mira is a moderator of the night, on the stage, with hands up before her. */
const moderating = async (page, h) => {
  await inRoom('night')(page, h);
  h.double.happen(h.night, { stepped_up: { who: h.mira.id } });
  h.double.happen(h.night, { made_moderator: { who: h.mira.id } });
  for (const p of [h.people[9], h.people[22], h.people[18]]) {
    h.double.happen(h.night, { hand_raised: { who: p.id } });
  }
  await page.waitForSelector('[data-test=mic]');
};
/** Opens the chat where it is not open anyway. */
const looking = async (page) => {
  const button = page.locator('[data-test=chat]');
  if (await button.isVisible()) await button.click();
};
/** People write to each other. */
const chatting = async (page, h) => {
  const de = h.language === 'de';
  const { aylin, jonas, thea, mira, people, night, double } = h;
  const greta = people[7];
  const said = de
    ? [
        [aylin, 'Willkommen! Wer von euch schläft bei offenem Fenster?'],
        [greta, 'Ich. Bei uns fährt um vier die erste Straßenbahn, seit dreißig Jahren.'],
        [greta, 'Ich wache auf, wenn sie ausfällt. 😄'],
        [thea, 'Genau darum geht es gleich: Stille weckt auch.'],
        [mira, 'Gibt es die Aufnahmen aus Lissabon irgendwo?'],
        [jonas, 'Hängt oben als Link.\nDie dritte ist vom Dach des Bahnhofs Santa Apolónia.'],
        [people[22], 'Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterungsgeräusch'],
      ]
    : [
        [aylin, 'Welcome. Which of you sleep with an open window?'],
        [greta, 'I do. Our first tram goes at four, and has for thirty years.'],
        [greta, 'I wake up when it does not come. 😄'],
        [thea, 'That is what comes next: silence wakes you too.'],
        [mira, 'Are the recordings from Lisbon anywhere?'],
        [jonas, 'Up there, as a link.\nThe third is from the roof of Santa Apolónia station.'],
        [
          people[22],
          'https://example.org/a/very/long/address/that/nobody/should/have/to/read?at=all',
        ],
      ];
  for (const [person, text] of said) double.say(night, person, text);
  await page.waitForTimeout(200);
};
/** Some have been heard for some time. */
const timed = async (page, h) => {
  const { aylin, jonas, thea, ilse, double, night } = h;
  const seconds = { [aylin.id]: 754, [jonas.id]: 388, [thea.id]: 95, [ilse.id]: 7 };
  double.clock(night, seconds);
  await page.waitForTimeout(100);
};
/** Links are up, a poll is open, hands are raised, and one of them is Mira's. */
const everything = async (page, h) => {
  const de = h.language === 'de';
  const { aylin, jonas, mira, people, night, double } = h;
  const up = (by, url, text) => double.happen(night, { pinned: { by: by.id, url, text } });
  up(
    jonas,
    'https://lisboa.nightsounds.example/roof/3',
    de ? 'Aufnahmen aus Lissabon' : 'Lisbon, recorded',
  );
  up(aylin, 'https://xn--gerusche-2za.example/', '');
  const options = de
    ? ['Regen auf Blech', 'Die erste Straßenbahn', 'Nichts, und zwar lange']
    : ['Rain on tin', 'The first tram', 'Nothing, for a long while'];
  const question = de ? 'Was hören wir als Nächstes?' : 'What do we hear next?';
  double.happen(night, { poll_opened: { by: aylin.id, question, options } });
  for (const [n, { id }] of people.slice(10, 24).entries()) {
    double.vote(night, id, n % 3 ? n % 2 : 2);
  }
  for (const p of [people[9], people[18], mira]) {
    const there = night.view.people.find(({ who }) => who === p.id);
    if (there && !there.stage && !there.hand) double.happen(night, { hand_raised: { who: p.id } });
  }
  double.clock(night, { [people[9].id]: 61, [aylin.id]: 754 });
  await page.waitForTimeout(150);
  const option = page.locator('[data-test=option-1]');
  if (await option.isVisible()) await option.click();
  await page.waitForTimeout(150);
};
const tap = (test) => async (page) => {
  await page.locator(`[data-test="${test}"]:visible`).first().click();
};
/** A way that three nodes have signed, some time ago: the page's clock is set to then. */
const travelled = async (page, h) => {
  const [good] = waybills.ways;
  const url = (text) => Buffer.from(text, 'base64').toString('base64url');
  const hops = good.way.map(({ certificate, body, signature }, i) => ({
    ...good.hops[i],
    ...{ certificate: url(certificate), bill: url(body), signature: url(signature) },
  }));
  h.double.root = url(waybills.root);
  h.double.ways = {
    ways: [
      { who: [h.jonas.id, h.thea.id], hops },
      { who: [h.aylin.id], hops: [] },
    ],
    regions: waybills.regions.map(url),
  };
  await page.clock.setFixedTime(waybills.now);
};
/** The operator's page, with the room chosen that the network is seen with. */
const operator = (network) => async (page, h) => {
  await networks.serveNetwork(page, h.language, network);
  await page.goto(`${h.origin}/admin/network`);
  await page.waitForSelector('figure svg');
  if (!network.room) return;
  await page.selectOption('#room', network.room);
  await page.waitForSelector('svg .way');
};
const seq =
  (...steps) =>
  async (page, h) => {
    for (const step of steps) await step(page, h);
  };

/** Mira takes part in discovery, and has a list; Aylin and Ilse have her on theirs. */
const finding =
  (...lists) =>
  async (page, h) => {
    const { double, mira, aylin, ilse } = h;
    mira.said.handle = 'mira';
    ilse.said.handle = 'ilse_w';
    for (const one of [aylin, ilse]) double.discovery.takesPart(one.id, ['mira']);
    double.discovery.takesPart(mira.id, []);
    await at('/find')(page, h);
    await page.waitForSelector('[data-test=find-list]');
    if (lists.length === 0) return;
    await page.fill('[data-test=find-list]', lists.join('\n'));
    await page.click('[data-test=find-look]');
    await page.waitForSelector('[data-test=find-found] .list, [data-test=find-nobody]');
    await page.waitForSelector('[data-test=find-look]:not([disabled])');
  };

/** Mira is a warden: some things wait, some are decided, and one concerns her. */
const judged = (_, h) => {
  const de = h.language === 'de';
  const { ward } = h.double;
  const { mira, aylin, jonas, thea, night, people } = h;
  const bo = people[5];
  const [club] = h.double.clubs.all.values();
  ward.wardens.add(mira.id).add(aylin.id);
  ward.report(mira.id, 'person', people[23].id, 'spam', '');
  ward.decide(
    aylin.id,
    people[23].id,
    'warning',
    de ? 'Bitte keine Werbung.' : 'No advertising, please.',
  );
  ward.report(
    jonas.id,
    'person',
    bo.id,
    'harassment',
    de
      ? 'Er unterbricht alle und hat Thea nach dem Raum noch dreimal angeschrieben.\nSie hat ihn gebeten, das zu lassen.'
      : 'He interrupts everybody, and wrote to Thea three more times after the room.\nShe had asked him to stop.',
  );
  ward.decide(aylin.id, bo.id, 'warning', de ? 'Lass Thea in Ruhe.' : 'Leave Thea alone.');
  ward.report(
    thea.id,
    'person',
    bo.id,
    'threats',
    de ? 'Jetzt droht er mir.' : 'Now he threatens me.',
  );
  ward.report(
    thea.id,
    'room',
    night.id,
    'other',
    de ? 'Der Titel ist irreführend.' : 'The title is misleading.',
  );
  ward.report(bo.id, 'club', club.id, 'hate', de ? 'Lest die dritte Regel.' : 'Read rule three.');
  ward.report(thea.id, 'person', mira.id, 'harassment', 'x');
  ward.decide(
    aylin.id,
    mira.id,
    'suspend',
    de
      ? 'Du hast in „Nur Tee“ mehrere Leute beleidigt, auch nachdem die Moderation dich gebeten hatte aufzuhören.'
      : 'You insulted several people in “Just tea”, also after a moderator had asked you to stop.',
    7,
  );
};

/** Mira has been told of something of each kind, today and before. */
const soon = new Date(Date.now() + 900_000).toISOString();
const proven = { address: 'mira@example.org', verified: '2026-11-20T08:00:00Z', news: 'digest' };
/** The part of the settings about mail. */
const mailed = (mine) =>
  seq(
    (_, h) => {
      h.double.mail.sends = true;
      if (mine) h.double.mail.all.set(h.mira.id, mine);
    },
    at('/settings'),
    (page) => page.waitForSelector('[data-test=mail] :is(form, fieldset)'),
    (page) => page.locator('[data-test=mail]').scrollIntoViewIfNeeded(),
    (page) =>
      page.evaluate(() =>
        document.querySelector('[data-test=mail]').scrollIntoView({ block: 'center' }),
      ),
  );
const news = (_, h) => {
  const { double, mira, aylin, people, night, tea } = h;
  const { foxes, council, coffee } = h.plans;
  const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
  const plan = ({ id, title, starts }) => ({ id, title, starts });
  const [club] = double.clubs.all.values();
  const pieces = [
    { kind: 'ping', who: aylin.id, room: { id: night.id, title: night.view.title } },
    { kind: 'live', who: people[8].id, room: { id: tea.id, title: tea.view.title } },
    { kind: 'follow', who: people[22].id },
    { kind: 'plan_soon', plan: plan(foxes), seen: true },
    { kind: 'club_invited', who: people[13].id, club, open: true, seen: true },
    { kind: 'plan_hosting', who: people[13].id, plan: plan(council), open: true, seen: true },
    { kind: 'plan_moved', plan: plan(coffee), seen: true },
    { kind: 'club_asked', who: people[15].id, club, open: true, seen: true },
    { kind: 'invited_came', who: people[30].id, seen: true },
    { kind: 'decision', seen: true },
  ];
  for (const [n, piece] of pieces.entries()) {
    const { club: of, ...rest } = piece;
    const named = of ? { club: { id: of.id, name: of.name } } : {};
    double.news.add(mira.id, { ...rest, ...named, at: ago(n * n * 0.4 + 0.1) });
  }
};

/** Mira has told something of herself. */
const told = (_, h) => {
  const de = h.language === 'de';
  h.double.picture(h.mira, portraits[3]);
  h.mira.said = {
    handle: 'mira',
    pronouns: de ? 'sie/ihr' : 'she/her',
    bio: de
      ? 'Baut Geigen und repariert, was andere gebaut haben.'
      : 'Builds violins, and repairs what others have built.',
    links: [{ url: 'https://geigen.example/', text: de ? 'Werkstatt' : 'The workshop' }],
    languages: ['sv', 'de', 'en'],
    show_inviter: true,
    findable: true,
  };
};
/** A club, as Mira sees it; with another part of it than its rooms. */
const inClub = (key, part) =>
  seq(
    at((h) => `/c/${h.clubs[key].id}`),
    (page) => page.waitForSelector('[data-test=part-rooms]'),
    async (page) => {
      if (part) await tap(`part-${part}`)(page);
      await page.waitForTimeout(300);
    },
  );
const editing = seq(at('/me/edit'), (page) => page.waitForSelector('[data-test=profile-form]'));

const scenes = {
  welcome: { out: true, go: at('/') },
  'welcome-open': {
    out: true,
    go: seq(
      (_, h) => (h.double.doorIsOpen = true),
      at('/'),
      (page) => page.waitForSelector('[data-test=to-join]'),
    ),
  },
  join: {
    out: true,
    go: seq(
      (_, h) => (h.double.doorIsOpen = true),
      at('/join'),
      (page) => page.fill('[data-test=name]', 'Ida Falk'),
      (page) => page.waitForSelector('[data-test=work-done]'),
    ),
  },
  'join-shut': { out: true, go: at('/join') },
  invitation: { out: true, go: at((h) => `/i/${h.double.invite(h.jonas).code}`) },
  'invitation-gone': { out: true, go: at('/i/nothing') },
  'invitation-no-passkey': {
    out: true,
    before: () => delete window.PublicKeyCredential,
    go: at((h) => `/i/${h.double.invite().code}`),
  },
  'recovery-code': {
    out: true,
    before: () => delete window.PublicKeyCredential,
    go: seq(
      at((h) => `/i/${h.double.invite(h.aylin).code}`),
      (page) => page.fill('[data-test=name]', 'Ida Falk'),
      tap('signup-recovery'),
      (page) => page.waitForSelector('[data-test=recovery-code]'),
    ),
  },
  signin: { out: true, go: at('/signin') },
  first: {
    go: seq(at('/welcome'), (page) => page.waitForSelector('[data-test=like-music]')),
  },
  'first-end': {
    go: seq(at('/welcome'), async (page) => {
      await page.waitForSelector('[data-test=first-inviter]');
      await page.locator('[data-test=first-done]').scrollIntoViewIfNeeded();
    }),
  },
  hallway: { go: seq(at('/'), (page) => page.waitForSelector('.card h3')) },
  'hallway-why': {
    go: seq(at('/'), async (page) => {
      await page.locator('details.fold summary').first().click();
      await page.waitForTimeout(100);
    }),
  },
  'hallway-chosen': { go: seq(at('/?topic=society'), (page) => page.waitForSelector('.card h3')) },
  'hallway-nothing': { go: at('/?topic=sport', 'nothing-chosen') },
  messages: { go: writing() },
  'messages-requests': { go: writing('requests') },
  'messages-none': {
    go: seq(at('/messages'), (page) => page.waitForSelector('[data-test=no-talks]')),
  },
  talk: { go: writing('two') },
  'talk-asked': { go: writing('asked') },
  'talk-people': { go: writing('people') },
  'talk-add': { go: writing('add') },
  'talk-new': {
    go: seq(at('/messages/new'), (page) => page.click('fieldset label.row >> nth=1')),
  },
  'hallway-empty': {
    go: seq(
      (_, h) => h.double.rooms.clear(),
      at('/'),
      (page) => page.waitForSelector('.empty'),
    ),
  },
  'hallway-loading': {
    go: seq(
      (page) => page.route('**/api/v1/rooms', () => {}),
      at('/'),
      (page) => page.waitForSelector('.skel'),
    ),
  },
  'hallway-failed': {
    go: seq(
      (page) => page.route('**/api/v1/rooms', (r) => r.abort()),
      at('/'),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'hallway-dock': {
    go: seq(inRoom('night'), async (page) => {
      await page.evaluate(() => history.pushState(null, '', '/'));
      await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
      await page.waitForSelector('[data-test=dock]');
    }),
  },
  'dock-on-stage': {
    go: seq(moderating, async (page) => {
      await page.evaluate(() => history.pushState(null, '', '/invites'));
      await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
      await page.waitForSelector('[data-test=dock]');
    }),
  },
  offline: { go: seq((_, h) => (h.double.broken = 503), at('/')) },
  'open-room': {
    go: seq(at('/'), async (page) => {
      await page.locator('[data-test^=open-room]:visible').first().click();
      await page.waitForSelector('dialog[open]');
    }),
  },
  'open-room-closed': {
    go: seq(at('/'), async (page) => {
      await page.locator('[data-test^=open-room]:visible').first().click();
      await page.locator('.opt:has([data-test=visibility-closed])').click();
      await page.waitForSelector('[data-test^=let-in]');
    }),
  },
  room: { go: inRoom('night') },
  'room-crowd': {
    crowd: true,
    go: seq(inRoom('night'), (page) => page.locator('[data-test=find]').scrollIntoViewIfNeeded()),
  },
  'room-crowd-find': {
    crowd: true,
    go: seq(inRoom('night'), tap('find'), async (page) => {
      await page.locator('[data-test=people] .row').first().waitFor();
    }),
  },
  'room-crowd-found': {
    crowd: true,
    go: seq(moderating, tap('find'), async (page) => {
      await page.fill('[data-test=look]', 'thea okafor 40');
      await page.locator('[data-test=people] .row:has-text("Thea Okafor 40")').first().click();
      await page.waitForSelector('[data-test=ask-up]');
    }),
  },
  'room-chat': { before: sealed, go: seq(inRoom('night'), chatting, looking) },
  'room-chat-moderating': {
    before: sealed,
    go: seq(moderating, chatting, looking, async (page) => {
      const line = page.locator('[data-test=said]:visible').nth(4);
      await line.hover();
      await line.locator('[data-test=unsay]').click();
    }),
  },
  'room-chat-empty': { before: sealed, go: seq(inRoom('night'), looking) },
  'room-chat-closed': {
    before: sealed,
    go: seq(
      inRoom('night'),
      (_, h) => h.double.happen(h.night, { chat_set: { policy: 'stage' } }),
      looking,
      (page) => page.waitForSelector('[data-test=chat-closed]'),
    ),
  },
  'room-reactions': {
    go: seq(inRoom('night'), tap('react'), async (page, h) => {
      await page.waitForSelector('.reactions:popover-open');
      const counts = { '👏': 12, '🎉': 3, '❤️': 1 };
      h.double.tell(h.night, { reactions: { room: h.night.id, counts, by: [] } });
    }),
  },
  'room-reacted': {
    go: seq(inRoom('night'), async (page, h) => {
      const counts = { '👏': 12, '🎉': 3, '❤️': 1 };
      h.double.tell(h.night, { reactions: { room: h.night.id, counts, by: [] } });
      await page.waitForSelector('[data-test=reactions-sum]');
    }),
  },
  'room-beside': {
    before: sealed,
    go: seq(inRoom('night'), everything, chatting),
  },
  'room-beside-moderating': { before: sealed, go: seq(moderating, everything, chatting) },
  'room-links': {
    go: seq(moderating, (_, h) => {
      const up = (by, url, text) => h.double.happen(h.night, { pinned: { by: by.id, url, text } });
      up(h.jonas, 'https://lisboa.nightsounds.example/roof/3', 'Aufnahmen aus Lissabon');
      up(h.aylin, 'https://xn--gerusche-2za.example/', '');
      const long = `${'sehr-'.repeat(12)}lang.example`;
      up(h.aylin, `https://${long}/`, 'Ein Programmheft mit allem, was man wissen muss, und mehr');
    }),
  },
  'room-poll-closed': {
    go: seq(inRoom('night'), everything, (_, h) => {
      const poll = h.night.view.poll.poll;
      h.double.happen(h.night, { poll_closed: { poll, counts: [9, 4, 1] } });
    }),
  },
  'room-pinning': {
    go: seq(moderating, tap('menu'), tap('pin'), async (page) => {
      await page.fill('[data-test=pin-url]', 'nightsounds.example/karte');
    }),
  },
  'room-polling': {
    go: seq(moderating, tap('menu'), tap('poll-new'), tap('more-answers'), async (page) => {
      await page.fill('[data-test=question]', 'Was hören wir als Nächstes?');
      await page.fill('[data-test=answer-0]', 'Regen');
    }),
  },
  'room-clock': {
    go: seq(moderating, timed, tap('menu'), tap('clock'), (page) =>
      page.waitForSelector('[data-test^=time-]'),
    ),
  },
  'room-queue': {
    go: seq(inRoom('night'), everything, async (page) => {
      if (await page.locator('[data-test=hands]').isVisible()) await tap('hands')(page);
    }),
  },
  'room-hand': { go: seq(inRoom('night'), tap('hand')) },
  'room-asked': {
    go: seq(inRoom('night'), async (page, h) => {
      const until = new Date(Date.now() + 60_000).toISOString();
      h.double.happen(h.night, { asked_up: { who: h.mira.id, by: h.aylin.id, until } });
      await page.waitForSelector('[data-test=asked]');
    }),
  },
  'room-few': { go: inRoom('tea') },
  'room-many': { go: inRoom('many') },
  'room-hands-off': {
    go: seq(inRoom('night'), (_, h) => h.double.happen(h.night, { hands_set: { policy: 'off' } })),
  },
  'room-moderating': { go: moderating },
  'room-on-air': {
    go: seq(moderating, tap('mic'), (page) => page.waitForSelector('[data-open=true]')),
  },
  'room-hands': {
    go: seq(moderating, async (page) => {
      if (await page.locator('[data-test=hands]').isVisible()) await tap('hands')(page);
    }),
  },
  'room-person': { go: seq(moderating, (page, h) => tap(`person-${h.people[9].id}`)(page)) },
  'room-person-stage': { go: seq(moderating, (page, h) => tap(`person-${h.thea.id}`)(page)) },
  'room-removing': {
    go: seq(moderating, (page, h) => tap(`person-${h.thea.id}`)(page), tap('remove')),
  },
  'open-room-fenced': {
    go: seq(
      (_, h) => (h.double.regions = ['eu', 'us', 'ch']),
      at('/'),
      async (page) => {
        await page.locator('[data-test^=open-room]:visible').first().click();
        await page.selectOption('[data-test=room-fence]', 'eu');
      },
    ),
  },
  'room-fence': {
    go: seq(
      (_, h) => (h.double.regions = ['eu', 'us', 'ch']),
      moderating,
      tap('menu'),
      tap('fence'),
      tap('fence-us'),
    ),
  },
  'room-fenced': {
    go: seq(
      (_, h) => (h.double.regions = ['eu', 'us', 'ch']),
      moderating,
      tap('menu'),
      tap('fence'),
      tap('fence-us'),
      tap('fence-set'),
      (page) => page.waitForSelector('[data-test=fence-tag]'),
    ),
  },
  'room-itinerary': {
    go: seq(travelled, inRoom('night'), tap('menu'), tap('itinerary'), (page) =>
      page.waitForSelector('[data-test=proof-signed]'),
    ),
  },
  'room-itinerary-alone': {
    go: seq(inRoom('night'), tap('menu'), tap('itinerary'), (page) =>
      page.waitForSelector('[data-test=proof-unsigned]'),
    ),
  },
  'room-itinerary-refused': {
    go: seq(
      travelled,
      (_, h) => (h.double.ways.ways[0].hops[1].signature = h.double.ways.ways[0].hops[0].signature),
      inRoom('night'),
      tap('menu'),
      tap('itinerary'),
      (page) => page.waitForSelector('[data-test=proof-refused]'),
    ),
  },
  'room-menu': { go: seq(moderating, tap('menu')) },
  'room-letting-in': {
    go: seq(moderating, tap('menu'), tap('let-in')),
  },
  'room-ending': { go: seq(moderating, tap('menu'), tap('end')) },
  'room-keys': { go: seq(inRoom('night'), (page) => page.keyboard.press('?')) },
  'no-sealing': {
    before: () => delete window.RTCRtpScriptTransform,
    go: (page, h) => at(`/r/${h.night.id}`)(page, h),
  },
  'room-lock': { before: sealed, go: seq(inRoom('night'), tap('lock')) },
  'room-device': {
    before: sealed,
    go: seq(
      moderating,
      pinned,
      (page, h) => tap(`person-${h.thea.id}`)(page),
      (page) => page.waitForSelector('[data-test=device]'),
    ),
  },
  'room-other-device': {
    before: sealed,
    go: seq(inRoom('night'), pinned, async (page, h) => {
      await page.evaluate((who) => otherDevice(who), h.thea.id);
      await page.waitForSelector('[data-test=device-changed]');
    }),
  },
  'room-other-device-sheet': {
    before: sealed,
    go: seq(inRoom('night'), pinned, async (page, h) => {
      await page.evaluate((who) => otherDevice(who), h.thea.id);
      await tap('look-at-device')(page);
      await page.waitForSelector('[data-test=compare]');
    }),
  },
  'room-report': {
    before: sealed,
    go: seq(
      moderating,
      (page, h) => tap(`person-${h.thea.id}`)(page),
      tap('report'),
      (page) => page.waitForSelector('[data-test=piece]'),
    ),
  },
  'room-leaving': { go: seq(inRoom('night'), (page) => page.keyboard.press('l')) },
  'room-reconnecting': {
    go: seq(inRoom('night'), async (page, h) => {
      h.double.broken = 503;
      h.double.cutLines();
      await page.waitForSelector('[data-test=reconnecting]');
    }),
  },
  'room-microphone-refused': {
    before: () => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException('', 'NotAllowedError');
      };
    },
    go: seq(moderating, tap('mic'), (page) =>
      page.waitForSelector('[data-test=microphone-trouble]'),
    ),
  },
  'room-playback-blocked': {
    before: () => {
      HTMLMediaElement.prototype.play = async () => {
        throw new DOMException('', 'NotAllowedError');
      };
    },
    go: inRoom('night'),
  },
  'over-ended': {
    go: seq(inRoom('tea'), (_, h) => h.double.happen(h.tea, { ended: { why: 'moderator' } })),
  },
  'over-removed': { go: seq(inRoom('tea'), (_, h) => h.double.cut(h.tea, h.mira.id, 'removed')) },
  'over-taken': { go: seq(inRoom('tea'), (_, h) => h.double.cut(h.tea, h.mira.id, 'taken_over')) },
  'over-gone': { go: at('/r/00000000000000000000000000') },
  invites: {
    go: seq(
      (_, h) => {
        h.double.invitesPerPerson = 4;
        h.double.invite(h.mira);
        const used = h.double.invite(h.mira);
        const kept = h.mira.invites.find((i) => i.id === used.id);
        kept.state = 'used';
        delete kept.url;
        kept.used_by = { id: h.noor.id, name: h.noor.name, since: h.noor.created };
      },
      at('/invites'),
      (page) => page.waitForSelector('.ticket'),
    ),
  },
  'invites-none': {
    go: seq(
      (_, h) => (h.double.invitesPerPerson = 0),
      (_, h) => (h.double.nextInvite = new Date(Date.now() + 5 * 86_400_000).toISOString()),
      at('/invites'),
      (page) => page.waitForSelector('h1'),
    ),
  },
  me: { go: at('/me') },
  person: {
    go: seq(
      at('/'),
      (page) => page.waitForSelector('.card h3'),
      async (page, h) => {
        await page.evaluate((id) => history.pushState(null, '', `/p/${id}`), h.aylin.id);
        await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
        await page.waitForSelector('[data-test=level]');
      },
    ),
  },
  search: { go: seq(at('/search'), (page) => page.waitForSelector('[data-test=search-hint]')) },
  find: { go: seq(at('/find'), (page) => page.waitForSelector('[data-test=find-on]')) },
  'find-list': { go: finding() },
  'find-found': {
    go: finding('@aylin', '@ilse_w', 'vera@example.org', 'oma.kaethe@bücher.example'),
  },
  'find-nobody': { go: finding('@nobody_here') },
  'find-wrong': {
    go: seq(finding(), async (page) => {
      await page.fill('[data-test=find-list]', '@aylin, 0170 1234567');
      await page.click('[data-test=find-look]');
      await page.waitForSelector('[data-test=find-hitch]');
    }),
  },
  'find-failed': {
    go: seq(
      (page) => page.route('**/api/v1/discovery', (r) => r.abort()),
      at('/find'),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'search-found': {
    go: seq(at('/search'), async (page) => {
      await page.fill('[data-test=search]', 'a');
      await page.waitForSelector('[data-test=search-found]');
    }),
  },
  'search-nothing': {
    go: seq(at('/search'), async (page) => {
      await page.fill('[data-test=search]', 'zanzibar');
      await page.waitForSelector('[data-test=search-nothing]');
    }),
  },
  'search-failed': {
    go: seq(
      (page) => page.route('**/api/v1/search*', (r) => r.abort()),
      at('/search'),
      async (page) => {
        await page.fill('[data-test=search]', 'night');
        await page.waitForSelector('[data-test=search-again]');
      },
    ),
  },
  'me-told': { go: seq(told, at('/me'), (page) => page.waitForSelector('[data-test=bio]')) },
  'person-failed': {
    go: seq(
      (page) => page.route('**/api/v1/people/*', (r) => r.abort()),
      (page, h) => page.goto(`${h.origin}/p/${h.aylin.id}`),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'person-loading': {
    go: seq(
      (page) => page.route('**/api/v1/people/*', () => {}),
      (page, h) => page.goto(`${h.origin}/@aylin`),
      (page) => page.route('**/api/v1/handles/*', () => {}),
      (page) => page.waitForSelector('.skel, [data-test=level]'),
    ),
  },
  edit: { go: editing },
  'edit-told': { go: seq(told, editing) },
  'edit-told-end': {
    go: seq(told, editing, (page) =>
      page.locator('[data-test=show-inviter]').scrollIntoViewIfNeeded(),
    ),
  },
  'edit-changed': {
    go: seq(told, editing, async (page) => {
      await page.fill('[data-test=profile-bio]', 'Silence. '.repeat(32).trim());
      await page.locator('[data-test=profile-bio]').scrollIntoViewIfNeeded();
    }),
  },
  'edit-wrong': {
    go: seq(editing, async (page) => {
      await page.fill('[data-test=profile-name]', '');
      await page.fill('[data-test=profile-handle]', '7');
      await tap('add-link')(page);
      await page.fill('[data-test=link-url-0]', 'http://nowhere');
      await tap('save-profile')(page);
      await page.waitForSelector('[data-test=edit-hitch]');
    }),
  },
  'edit-meanwhile': {
    go: seq(told, editing, async (page, h) => {
      await page.fill('[data-test=profile-bio]', 'What I have typed here.');
      h.mira.said = { ...h.mira.said, bio: 'What was saved elsewhere.', pronouns: '' };
      await tap('save-profile')(page);
      await page.waitForSelector('[data-test=elsewhere-bio]');
    }),
  },
  'edit-offline': {
    go: seq(told, editing, async (page) => {
      await page.route('**/api/v1/me/profile', (r) => r.abort());
      await page.fill('[data-test=profile-bio]', 'What I have typed here.');
      await tap('save-profile')(page);
      await page.waitForSelector('[data-test=edit-hitch]');
    }),
  },
  'edit-uploading': {
    go: seq(
      (page) => page.route('**/api/v1/me/picture', () => {}),
      editing,
      async (page) => {
        const file = { name: 'me.jpg', mimeType: 'image/jpeg', buffer: portraits[3] };
        await page.setInputFiles('[data-test=picture-file]', file);
        await page.waitForSelector('[data-test=upload]');
      },
    ),
  },
  'edit-no-picture': {
    go: seq(editing, async (page) => {
      const file = { name: 'me.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
      await page.setInputFiles('[data-test=picture-file]', file);
      await page.waitForSelector('[data-test=picture-hitch]');
    }),
  },
  stored: {
    go: seq(told, at('/me/stored'), (page) => page.waitForSelector('[data-test=class-account]')),
  },
  'stored-open': {
    go: seq(told, at('/me/stored'), async (page) => {
      await page.locator('[data-test=class-profile] summary').click();
      await page.locator('[data-test=class-follows] summary').click();
      await page.locator('[data-test=class-profile] summary').scrollIntoViewIfNeeded();
    }),
  },
  'stored-end': {
    go: seq(told, at('/me/stored'), async (page) => {
      await page.waitForSelector('[data-test=class-account]');
      await page.locator('[data-test=erase]').scrollIntoViewIfNeeded();
    }),
  },
  'stored-failed': {
    go: seq(
      (page) => page.route('**/api/v1/me/stored', (r) => r.abort()),
      at('/me/stored'),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  erase: {
    go: seq(
      (_, h) => (h.mira.recovery = 'abc'),
      at('/me/stored'),
      tap('erase'),
      (page) => page.waitForSelector('[data-test=erase-with-code]'),
    ),
  },
  'erase-refused': {
    go: seq(
      (_, h) => Object.assign(h.mira, { recovery: 'abc', passkeys: [] }),
      at('/me/stored'),
      tap('erase'),
      async (page) => {
        await page.fill('[data-test=erase-code]', 'somebody else’s');
        await tap('erase-with-code')(page);
        await page.waitForSelector('[data-test=erase-hitch]');
      },
    ),
  },
  goodbye: { out: true, go: at('/goodbye') },
  schedule: { go: seq(at('/schedule'), (page) => page.waitForSelector('.cal')) },
  'schedule-all': {
    go: seq(at('/schedule'), tap('which-all'), (page) => page.waitForSelector('.cal')),
  },
  'schedule-month': {
    go: seq(at('/schedule'), async (page) => {
      await page.waitForSelector('.cal');
      if (await page.locator('[data-test=as-month]').isVisible()) await tap('as-month')(page);
    }),
  },
  report: {
    go: seq(
      (page, h) => at(`/report/person/${h.people[5].id}`)(page, h),
      tap('reason-harassment'),
      (page) => page.fill('[data-test=report-words]', 'Er unterbricht alle und wird laut.'),
    ),
  },
  'report-missing': {
    go: seq(
      (page, h) => at(`/report/room/${h.night.id}`)(page, h),
      tap('report-send'),
      (page) => page.waitForSelector('.err'),
    ),
  },
  reports: {
    go: seq(judged, at('/me/reports'), (page) => page.waitForSelector('[data-test=my-reports]')),
  },
  'reports-none': {
    go: seq(at('/me/reports'), (page) => page.waitForSelector('[data-test=no-reports]')),
  },
  queue: {
    go: seq(judged, at('/queue'), (page) => page.waitForSelector('[data-test=queue]')),
  },
  'queue-log': {
    go: seq(judged, at('/queue/log'), (page) => page.waitForSelector('[data-test=log]')),
  },
  'queue-none': {
    go: seq(
      (_, h) => h.double.ward.wardens.add(h.mira.id),
      at('/queue'),
      (page) => page.waitForSelector('[data-test=queue-empty]'),
    ),
  },
  'queue-entry': {
    go: seq(
      judged,
      (page, h) => at(`/queue/${h.people[5].id}`)(page, h),
      tap('decide-suspend'),
      async (page) => {
        await page.fill('[data-test=decide-why]', 'Wer andere anschreit, hat hier eine Pause.');
      },
    ),
  },
  'queue-sure': {
    go: seq(
      judged,
      (page, h) => at(`/queue/${h.people[5].id}`)(page, h),
      tap('decide-ban'),
      async (page) => {
        await page.fill('[data-test=decide-why]', 'Wer andere anschreit, hat hier eine Pause.');
        await tap('decide-now')(page);
        await page.waitForSelector('[data-test=decide-yes]');
      },
    ),
  },
  decisions: {
    go: seq(judged, at('/me/decisions'), (page) =>
      page.waitForSelector('[data-test=my-decisions]'),
    ),
  },
  suspended: {
    go: seq(
      judged,
      (_, h) => {
        h.double.suspended.set(h.mira.id, { until: '2027-01-01T00:00:00Z', reason: '' });
      },
      at('/'),
      (page) => page.waitForSelector('[data-test=my-decisions]'),
    ),
  },
  activity: {
    go: seq(news, at('/activity'), (page) => page.waitForSelector('[data-test=news]')),
  },
  'activity-none': {
    go: seq(at('/activity'), (page) => page.waitForSelector('[data-test=no-news]')),
  },
  'activity-failed': {
    go: seq(
      at('/settings'),
      (_, h) => (h.double.broken = 500),
      (page) => page.evaluate(() => history.pushState(null, '', '/activity')),
      (page) => page.evaluate(() => dispatchEvent(new PopStateEvent('popstate'))),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'activity-settings': {
    go: seq(
      (_, h) => {
        h.double.news.key = 'BPv_';
      },
      at('/activity/settings'),
      (page) => page.waitForSelector('[data-test=save-telling]'),
    ),
  },
  'mail-none': { go: mailed() },
  'mail-code': {
    go: mailed({ news: 'off', pending: { address: 'mira@example.org', expires: soon } }),
  },
  'mail-wrong': {
    go: seq(
      mailed({ news: 'off', pending: { address: 'mira@example.org', expires: soon } }),
      (page) => page.locator('[data-test=mail-code]').fill('1234 5678'),
      tap('mail-code-go'),
      (page) => page.waitForSelector('[data-test=mail-hitch]'),
    ),
  },
  'mail-often': {
    go: seq(mailed(), async (page) => {
      for (let n = 0; n < 4; n++) {
        await page.locator('[data-test=mail-address]').fill('mira@example.org');
        await tap('mail-address-go')(page);
        if (n === 3) break;
        await tap('mail-other')(page);
      }
      await page.waitForSelector('[data-test=mail-hitch]');
    }),
  },
  'mail-proven': { go: mailed(proven) },
  'mail-remove': {
    go: seq(mailed(proven), tap('remove-address'), (page) =>
      page.waitForSelector('[data-test=remove-address-yes]'),
    ),
  },
  'hallway-pinged': {
    go: seq(news, at('/'), async (page, h) => {
      await page.waitForSelector('[data-test=unseen]:visible');
      const { id } = h.night;
      const room = { id, title: h.night.view.title };
      h.double.news.add(h.mira.id, { kind: 'ping', who: h.aylin.id, room });
      await page.waitForSelector('[data-test=pinged]');
    }),
  },
  'room-bring': {
    go: seq(inRoom('night'), tap('menu'), tap('bring-in'), (page) =>
      page.waitForSelector('[data-test=bringing] .row'),
    ),
  },
  'schedule-none': {
    go: seq(
      (_, h) => h.double.plans.all.clear(),
      at('/schedule'),
      (page) => page.waitForSelector('[data-test=no-plans]'),
    ),
  },
  'schedule-failed': {
    go: seq(
      at('/settings'),
      (_, h) => (h.double.broken = 500),
      (page) => page.evaluate(() => history.pushState(null, '', '/schedule')),
      (page) => page.evaluate(() => dispatchEvent(new PopStateEvent('popstate'))),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'schedule-calendar': {
    go: seq(
      at('/schedule'),
      (page) => page.locator('[data-test=subscribe]:visible').click(),
      (page) => page.waitForSelector('[data-test=calendar-address]'),
    ),
  },
  'schedule-renew': {
    go: seq(
      at('/schedule'),
      (page) => page.locator('[data-test=subscribe]:visible').click(),
      tap('renew-calendar'),
      (page) => page.waitForSelector('[data-test=renew-sure]'),
    ),
  },
  plan: {
    go: seq(
      at((h) => `/plan/${h.plans.coffee.id}`),
      (page) => page.waitForSelector('[data-test=going]'),
    ),
  },
  'plan-asked': {
    go: seq(
      at((h) => `/plan/${h.plans.council.id}`),
      (page) => page.waitForSelector('[data-test=asked]'),
    ),
  },
  'plan-hosted': {
    go: seq(
      at((h) => `/plan/${h.plans.foxes.id}`),
      (page) => page.waitForSelector('[data-test=open-plan]'),
    ),
  },
  'plan-cancel': {
    go: seq(
      at((h) => `/plan/${h.plans.foxes.id}`),
      tap('cancel-plan'),
      (page) => page.waitForSelector('[data-test=cancel-sure]'),
    ),
  },
  'plan-open': {
    go: seq(
      (_, h) => h.double.plans.open(h.plans.coffee),
      at((h) => `/plan/${h.plans.coffee.id}`),
      (page) => page.waitForSelector('[data-test=enter-plan]'),
    ),
  },
  'plan-told': {
    go: seq(
      at('/'),
      (page) => page.waitForTimeout(300),
      (_, h) => h.double.plans.tell(h.plans.coffee, 'soon'),
      (page) => page.waitForSelector('[data-test=toast] a'),
    ),
  },
  'plan-gone': {
    go: seq(at('/plan/nothing'), (page) => page.waitForSelector('[data-test=no-plan]')),
  },
  'plan-new': { go: seq(at('/plan/new'), (page) => page.waitForSelector('[data-test=plan-form]')) },
  'plan-edit': {
    go: seq(
      at((h) => `/plan/${h.plans.foxes.id}/edit`),
      (page) => page.waitForSelector('[data-test=plan-form]'),
    ),
  },
  'plan-wrong': {
    go: seq(
      at('/plan/new'),
      (page) => page.fill('[data-test=plan-when]', '2020-01-01T10:00'),
      tap('save-plan'),
      (page) => page.waitForSelector('[aria-invalid=true]'),
    ),
  },
  clubs: { go: seq(at('/clubs'), (page) => page.waitForSelector('[data-test=clubs-mine]')) },
  'clubs-end': {
    go: seq(
      at('/clubs'),
      (_, h) => (h.double.clubs.pageSize = 1),
      (page) => page.reload(),
      (page) => page.locator('[data-test=more]').scrollIntoViewIfNeeded(),
    ),
  },
  'clubs-none': {
    go: seq(
      (_, h) => {
        for (const { members, pending, followers } of h.double.clubs.all.values()) {
          for (const some of [members, pending, followers]) some.delete(h.mira.id);
        }
      },
      at('/clubs'),
      (page) => page.waitForSelector('[data-test=no-clubs]'),
    ),
  },
  'clubs-failed': {
    go: seq(
      (page) => page.route('**/api/v1/clubs**', (r) => r.abort()),
      at('/clubs'),
      (page) => page.waitForSelector('.failed'),
    ),
  },
  'clubs-loading': {
    go: seq(
      (page) => page.route('**/api/v1/clubs**', () => {}),
      at('/clubs'),
      (page) => page.waitForSelector('.skel'),
    ),
  },
  club: { go: inClub('sounds') },
  'club-leads': { go: inClub('sounds', 'members') },
  'club-rules': { go: inClub('sounds', 'rules') },
  'club-asking': {
    go: seq(inClub('sounds'), tap('join'), (page) => page.waitForSelector('[data-test=agree]')),
  },
  'club-asked': {
    go: seq(
      (_, h) =>
        h.clubs.sounds.pending.set(h.mira.id, { kind: 'asked', at: '2026-11-28T08:00:00Z' }),
      inClub('sounds'),
    ),
  },
  'club-invited': { go: inClub('walks') },
  'club-member': { go: inClub('coop') },
  'club-nomination': {
    go: seq((_, h) => h.clubs.walks.pending.clear(), inClub('walks')),
  },
  'club-mine': { go: inClub('violins') },
  'club-members': {
    go: seq(inClub('violins', 'members'), (page) => page.waitForSelector('[data-test=waiting]')),
  },
  'club-members-end': {
    go: seq(inClub('violins', 'members'), (page) =>
      page.locator('[data-test=barred]').scrollIntoViewIfNeeded(),
    ),
  },
  'club-member-sheet': {
    go: seq(inClub('violins', 'members'), (page, h) => tap(`change-${h.ilse.id}`)(page)),
  },
  'club-removing': {
    go: seq(
      inClub('violins', 'members'),
      (page, h) => tap(`change-${h.ilse.id}`)(page),
      tap('remove-member'),
    ),
  },
  'club-menu': { go: seq(inClub('violins'), tap('club-menu')) },
  'club-dissolving': { go: seq(inClub('violins'), tap('club-menu'), tap('dissolve')) },
  'club-inviting': {
    go: seq(inClub('violins'), tap('nominate'), async (page) => {
      await page.fill('[data-test=by-handle]', 'nobody');
      await tap('nominate-handle')(page);
      await page.waitForSelector('[data-test=nominate-hitch]');
    }),
  },
  'club-opening': {
    go: seq(inClub('violins'), tap('open-here'), (page) =>
      page.waitForSelector('[data-test=visibility-members]'),
    ),
  },
  'club-opening-not': {
    go: seq(at('/'), async (page, h) => {
      await page.locator('[data-test^=open-room]:visible').first().click();
      await page.selectOption('[data-test=room-club]', h.clubs.coop.id);
      await page.waitForSelector('[data-test=admins-only]');
    }),
  },
  'club-gone': { go: at('/c/00000000000000000000000000') },
  'club-room': { go: inRoom('glue') },
  'club-dock': {
    go: seq(inRoom('glue'), async (page, h) => {
      await page.evaluate((id) => history.pushState(null, '', `/c/${id}`), h.clubs.violins.id);
      await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
      await page.waitForSelector('[data-test=dock]');
      await page.waitForSelector('[data-test=part-rooms]');
    }),
  },
  'club-new': {
    go: seq(at('/clubs/new'), (page) => page.waitForSelector('[data-test=club-form]')),
  },
  'club-new-wrong': {
    go: seq(at('/clubs/new'), async (page) => {
      await page.fill('[data-test=club-about]', 'x'.repeat(510));
      await tap('add-rule')(page);
      await page.fill('[data-test=rule-0]', 'y'.repeat(150));
      await tap('save-club')(page);
      await page.waitForSelector('[data-test=edit-hitch]');
    }),
  },
  'club-edit': {
    go: seq(
      at((h) => `/c/${h.clubs.violins.id}/edit`),
      (page) => page.waitForSelector('[data-test=club-form]'),
    ),
  },
  'club-edit-meanwhile': {
    go: seq(
      at((h) => `/c/${h.clubs.violins.id}/edit`),
      async (page, h) => {
        await page.fill('[data-test=club-about]', 'What I have typed here.');
        Object.assign(h.clubs.violins, { about: 'By Noor.', listed: false, version: 2 });
        await tap('save-club')(page);
        await page.waitForSelector('[data-test=elsewhere-about]');
      },
    ),
  },
  'person-level': {
    go: seq(
      at((h) => `/p/${h.aylin.id}`),
      tap('level'),
    ),
  },
  settings: { go: at('/settings') },
  'safety-settings': {
    go: seq(sparing, at('/settings'), (page) =>
      page.locator('[data-test=spared]').scrollIntoViewIfNeeded(),
    ),
  },
  'safety-settings-none': {
    go: seq(at('/settings'), (page) => page.locator('[data-test=spared]').scrollIntoViewIfNeeded()),
  },
  'safety-profile': {
    go: seq(
      at((h) => `/p/${h.jonas.id}`),
      (page) => page.waitForSelector('[data-test=spare]'),
    ),
  },
  'safety-profile-blocked': {
    go: seq(
      sparing,
      at((h) => `/p/${h.thea.id}`),
      (page) => page.waitForSelector('[data-level=block]'),
    ),
  },
  'safety-sure': {
    go: seq(
      at((h) => `/p/${h.jonas.id}`),
      tap('block'),
      (page) => page.waitForSelector('[data-test=spare-sure]'),
    ),
  },
  'safety-person': { go: seq(moderating, (page, h) => tap(`person-${h.thea.id}`)(page)) },
  'safety-person-sure': {
    go: seq(
      moderating,
      (page, h) => tap(`person-${h.thea.id}`)(page),
      tap('block'),
      (page) => page.waitForSelector('[data-test=spare-sure]'),
    ),
  },
  'safety-hidden': {
    go: seq(sparing, moderating, tap('menu'), (page) =>
      page.locator('[data-test=hidden-people]').scrollIntoViewIfNeeded(),
    ),
  },
  'safety-warnings': {
    go: seq(moderating, async (page, h) => {
      const { id } = h.night;
      h.double.tell(h.night, { conflict: { room: id, people: [h.jonas.id, h.thea.id] } });
      h.double.tell(h.night, { crowd_of_fresh: { room: id, count: 21 } });
      await page.waitForSelector('[data-test=crowd-of-fresh]');
    }),
  },
  'room-describe': {
    go: seq(moderating, tap('menu'), tap('describe'), async (page) => {
      await page.waitForSelector('[data-test=describe-sheet]');
      await page.selectOption('[data-test=describe-topics-add]', 'travel');
    }),
  },
  'safety-shield': {
    go: seq(moderating, (page, h) => {
      h.double.happen(h.night, { shielded: { on: true } });
      return page.waitForSelector('[data-test=shield-banner]');
    }),
  },
  'safety-shield-quiet': {
    go: seq(
      (_, h) => {
        h.mira.created = new Date().toISOString();
        for (const p of h.people) p.follows.delete(h.mira.id);
      },
      inRoom('night'),
      (page, h) => {
        h.double.happen(h.night, { shielded: { on: true } });
        return page.waitForSelector('[data-test=shield-banner]');
      },
    ),
  },
  nowhere: { go: at('/no/such/place') },
  'operator-map': { out: true, go: operator(networks.onMap()) },
  'operator-circle': { out: true, go: operator(networks.inCircle()) },
  'operator-alone': { out: true, go: operator(networks.alone()) },
};

await mkdir(out, { recursive: true });
for (const [name, scene] of Object.entries(scenes)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  for (const language of languages) {
    for (const [size, viewport] of Object.entries(sizes))
      await shoot(name, scene, language, size, viewport);
  }
}

async function shoot(name, scene, language, size, viewport) {
  const h = await house(language, scene.crowd);
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', locale: language });
  await context.grantPermissions(['microphone', 'clipboard-read', 'clipboard-write']);
  if (!scene.out) {
    const { id } = h.double.login(h.mira);
    await context.addCookies([{ name: 'stoa_session', value: id, url: h.origin }]);
  }
  await context.addInitScript(standIn);
  if (scene.before) await context.addInitScript(scene.before);
  const page = await context.newPage();
  page.on('pageerror', (error) => failures.push(`${name}.${language}.${size}: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (
      message.type() === 'error' &&
      !text.includes('Failed to load resource') &&
      !text.includes('WebSocket connection')
    ) {
      failures.push(`${name}.${language}.${size}: ${text}`);
    }
  });
  try {
    await scene.go(page, h);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(150);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      const file = `${name}.${language}.${theme}.${size}`;
      await page.screenshot({ path: `${out}${file}.png` });
      taken++;
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const v of violations) {
        const where = v.nodes.map((n) => n.html.slice(0, 160)).join('\n    ');
        failures.push(`${file}: ${v.id}: ${v.help}\n    ${where}`);
      }
    }
    if (size === 'phone') await page.setViewportSize({ width: 320, height: 640 });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (sideways > 0) failures.push(`${name}.${language}.${size}: scrolls sideways by ${sideways}`);
  } catch (error) {
    failures.push(
      `${name}.${language}.${size}: ${error.message.split('\n').slice(0, 6).join('\n    ')}`,
    );
  }
  await context.close();
  await h.double.stop();
}

const figures = Object.keys(scenes)
  .flatMap((name) =>
    languages.flatMap((l) =>
      themes.flatMap((theme) =>
        Object.keys(sizes).map((size) => `<img src="${name}.${l}.${theme}.${size}.png" alt="">`),
      ),
    ),
  )
  .join('\n');
await writeFile(
  `${out}index.html`,
  `<!doctype html><style>img{height:480px;margin:4px}</style>${figures}`,
);
await browser.close();
await close();
process.stdout.write(`${taken} pictures, ${failures.length} failures\n${failures.join('\n')}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
