import type { ComponentChildren } from 'preact';
import { account, live } from '../models/account.ts';
import { route, to } from '../router.ts';
import { t } from '../words/index.ts';
import { Wordmark } from './brand.tsx';
import { Face } from './face.tsx';
import { Icon, type IconName } from './icon.tsx';
import { useLasting } from './lasting.ts';
import { LegalLinks } from './legal.tsx';

/**
 * The porch outside of rooms: navigation, the screen, and what stands beside
 * it on wide screens.
 */
export function Porch({
  children,
  aside,
}: {
  children: ComponentChildren;
  aside?: ComponentChildren;
}) {
  return (
    <div class="porch">
      <Side />
      <main class="pane" id="main">
        <Offline />
        {children}
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

function Side() {
  return (
    <header class="side pad">
      <a class="home" href={to.hallway} aria-label={t().nav.hallway}>
        <Wordmark />
      </a>
      <nav class="nav" aria-label={t().main}>
        <NavLink href={to.hallway} screen="hallway" icon="door-open" />
        <NavLink href={to.invites} screen="invites" icon="ticket" />
        <NavLink href={to.settings} screen="settings" icon="settings" />
      </nav>
      <div class="grow" />
      {account.value.kind === 'in' && (
        <a class="row" href={to.me}>
          <Face {...account.value.me} size={40} />
          <span class="grow">
            <b>{account.value.me.name}</b>
            {account.value.me.handle && <span>@{account.value.me.handle}</span>}
          </span>
        </a>
      )}
    </header>
  );
}

function NavLink({
  href,
  screen,
  icon,
}: {
  href: string;
  screen: 'hallway' | 'invites' | 'settings';
  icon: IconName;
}) {
  return (
    <a href={href} aria-current={route.value.screen === screen ? 'page' : undefined}>
      <Icon name={icon} />
      {t().nav[screen]}
    </a>
  );
}

/** The top of the hallway on a phone. */
export function PhoneTop() {
  const { nav } = t();
  return (
    <header class="top only-phone">
      <Wordmark />
      <span class="grow" />
      <a class="btn icon bare" href={to.invites} aria-label={nav.invites}>
        <Icon name="ticket" />
      </a>
      <a class="btn icon bare" href={to.settings} aria-label={nav.settings}>
        <Icon name="settings" />
      </a>
      {account.value.kind === 'in' && (
        <a href={to.me} aria-label={nav.me}>
          <Face {...account.value.me} size={38} />
        </a>
      )}
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
