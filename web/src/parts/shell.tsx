import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { account, live } from '../models/account.ts';
import { unseen } from '../models/news.ts';
import { unreadTalks } from '../models/talks.ts';
import { seat } from '../models/visit.ts';
import { countQueue, openEntries } from '../models/warden.ts';
import { type Route, route, to } from '../router.ts';
import type { Words } from '../words/en.ts';
import { t } from '../words/index.ts';
import { Wordmark } from './brand.tsx';
import { Dock } from './dock.tsx';
import { Face } from './face.tsx';
import { Icon, type IconName } from './icon.tsx';
import { useLasting } from './lasting.ts';
import { LegalLinks } from './legal.tsx';

/**
 * The porch outside of rooms: navigation, the screen, and what stands beside
 * it on wide screens. On the ground stand `bar`, the room one is in, and on a
 * phone the navigation, which makes room for that one.
 */
export function Porch({
  children,
  aside,
  bar,
  bare,
}: {
  children: ComponentChildren;
  aside?: ComponentChildren;
  bar?: ComponentChildren;
  /** Without navigation on a phone: what is typed stands on the ground. */
  bare?: boolean;
}) {
  return (
    <div class="porch">
      <Side />
      <main class="pane" id="main">
        <Offline />
        {children}
        <div class="ground">
          {bar}
          {seat.value && <Dock seat={seat.value} />}
          {!bare && <Tabs />}
        </div>
      </main>
      <aside class="pane">{aside}</aside>
    </div>
  );
}

/** Says so when what is shown may be old. */
function Offline() {
  const lost = useLasting(live.value?.open.value === false, 3_000);
  return (
    lost && (
      <p class="banner" data-test="offline">
        <Icon name="wifi-off" />
        <span class="grow">{t().trouble.offline}</span>
      </p>
    )
  );
}

type Addresses = typeof to;
type Address = { [K in keyof Addresses]: Addresses[K] extends string ? K : never }[keyof Addresses];

interface Place {
  screen: Address & keyof Words['nav'];
  icon: IconName;
  /** The screens that are of it. */
  of: readonly Route['screen'][];
}

const places: readonly Place[] = [
  { screen: 'hallway', icon: 'door-open', of: ['hallway'] },
  { screen: 'schedule', icon: 'calendar', of: ['schedule', 'plan', 'new_plan', 'edit_plan'] },
  { screen: 'clubs', icon: 'users', of: ['clubs', 'club', 'new_club', 'edit_club'] },
  { screen: 'messages', icon: 'message', of: ['messages', 'new_message', 'write_to', 'talk'] },
];
const activity: Place = { screen: 'activity', icon: 'bell', of: ['activity', 'telling'] };
const searching: Place = { screen: 'search', icon: 'search', of: ['search'] };
const house: readonly Place[] = [
  { screen: 'invites', icon: 'ticket', of: ['invites'] },
  { screen: 'settings', icon: 'settings', of: ['settings', 'stored', 'decisions', 'reports'] },
];
const queue: Place = { screen: 'queue', icon: 'flag', of: ['queue', 'log', 'entry'] };
/** The places of the house, of which one is for wardens. */
const ofHouse = () => (signedIn()?.warden ? [queue, ...house] : house);

function Side() {
  const me = signedIn();
  useEffect(countQueue, [me?.warden]);
  return (
    <header class="side pad">
      <a class="home" href={to.hallway} aria-label={t().nav.hallway}>
        <Wordmark />
      </a>
      <nav class="nav" aria-label={t().main}>
        {[...places, activity, searching, ...ofHouse()].map((place) => (
          <PlaceLink key={place.screen} place={place} />
        ))}
      </nav>
      <div class="grow" />
      {me && (
        <a class="row" href={to.me} aria-current={mine()}>
          <Face {...me} size={40} />
          <span class="grow">
            <b>{me.name}</b>
            {me.handle && <span>@{me.handle}</span>}
          </span>
        </a>
      )}
    </header>
  );
}

/** The navigation on a phone. */
function Tabs() {
  const me = signedIn();
  return (
    <nav class="tab-bar only-phone" aria-label={t().main}>
      {places.map((place) => (
        <PlaceLink key={place.screen} place={place} />
      ))}
      {me && (
        <a href={to.me} aria-current={mine()} data-test="tab-me">
          <Face {...me} size={24} />
          <span>{t().nav.you}</span>
        </a>
      )}
    </nav>
  );
}

function PlaceLink({ place: { screen, icon, of } }: { place: Place }) {
  const here = of.includes(route.value.screen);
  return (
    <a href={to[screen]} aria-current={here ? 'page' : undefined} data-test={`tab-${screen}`}>
      <Icon name={icon} />
      <span>{t().nav[screen]}</span>
      <Unseen of={screen} />
    </a>
  );
}

/** How much there is that one has not seen: pieces of news, or conversations. */
function Unseen({ of }: { of: string }) {
  const counts: Record<string, number> = {
    activity: unseen.value,
    messages: unreadTalks.value,
    queue: openEntries.value,
  };
  const n = counts[of];
  if (!n) return null;
  return (
    <b class="unseen" data-test="unseen">
      {n}
      <span class="vh">{t().unseen}</span>
    </b>
  );
}

const signedIn = () => (account.value.kind === 'in' ? account.value.me : undefined);

const mine = () => (['me', 'edit'].includes(route.value.screen) ? 'page' : undefined);

/** The top of a place on a phone; `bare` where the ways into the house stand below. */
export function PhoneTop({ bare }: { bare?: boolean }) {
  return (
    <header class="top only-phone">
      <Wordmark />
      <span class="grow" />
      {[activity, searching, ...(bare ? [] : ofHouse())].map(({ screen, icon }) => (
        <a key={screen} class="btn icon bare" href={to[screen]} aria-label={t().nav[screen]}>
          <Icon name={icon} />
          <Unseen of={screen} />
        </a>
      ))}
    </header>
  );
}

/** The top of a screen one goes back from: to the hallway, or `up` to another. */
export function BackTop({
  children,
  up,
}: {
  children?: ComponentChildren;
  up?: { href: string; says: string };
}) {
  return (
    <header class="top back">
      <a class="btn bare" href={up?.href ?? to.hallway}>
        <Icon name="chevron-left" />
        {up?.says ?? t().nav.hallway}
      </a>
      <span class="grow" />
      {children}
    </header>
  );
}

/** A screen that stands alone, beside the picture of the porch. */
export function Landing({
  children,
  art,
}: {
  children: ComponentChildren;
  art: ComponentChildren;
}) {
  return (
    <main class="landing" id="main">
      <div class="art">{art}</div>
      <div class="pad stack landing-text">
        <Wordmark />
        {children}
        <LegalLinks />
      </div>
    </main>
  );
}

/** The moment before it is known who is here. */
export function Threshold() {
  return (
    <main class="pad threshold" id="main">
      <div class="load" role="status" aria-label={t().loading} />
    </main>
  );
}
