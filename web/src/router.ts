import { computed, signal } from '@preact/signals';

/** Which screen an address shows. */
export type Route =
  | { screen: 'hallway' }
  | { screen: 'room'; room: string }
  | { screen: 'invitation'; code: string }
  | { screen: 'signin' }
  | { screen: 'join' }
  | { screen: 'invites' }
  /** The first steps of who has just come. */
  | { screen: 'welcome' }
  | { screen: 'me' }
  | { screen: 'edit' }
  | { screen: 'stored' }
  /** By the id, or by the handle with an `@`. */
  | { screen: 'person'; person: string }
  | { screen: 'search' }
  | { screen: 'find' }
  | { screen: 'clubs' }
  | { screen: 'new_club' }
  | { screen: 'club'; club: string }
  | { screen: 'edit_club'; club: string }
  | { screen: 'schedule' }
  | { screen: 'new_plan' }
  | { screen: 'plan'; plan: string }
  | { screen: 'edit_plan'; plan: string }
  | { screen: 'messages' }
  | { screen: 'new_message' }
  | { screen: 'write_to'; person: string }
  | { screen: 'talk'; talk: string }
  | { screen: 'activity' }
  | { screen: 'telling' }
  | { screen: 'settings' }
  | { screen: 'report'; kind: string; id: string }
  | { screen: 'queue' }
  | { screen: 'log' }
  | { screen: 'entry'; entry: string }
  | { screen: 'decisions' }
  | { screen: 'reports' }
  | { screen: 'goodbye' }
  | { screen: 'nowhere' };

const path = signal(location.pathname);

/** What stands in the address behind a `?`. */
export const query = signal(location.search);

export const route = computed<Route>(() => parse(path.value));

export const to = {
  hallway: '/',
  room: (room: string) => `/r/${room}`,
  signin: '/signin',
  join: '/join',
  invites: '/invites',
  welcome: '/welcome',
  me: '/me',
  edit: '/me/edit',
  stored: '/me/stored',
  person: (person: string) => `/p/${person}`,
  search: '/search',
  find: '/find',
  clubs: '/clubs',
  newClub: '/clubs/new',
  club: (club: string) => `/c/${club}`,
  editClub: (club: string) => `/c/${club}/edit`,
  schedule: '/schedule',
  newPlan: '/plan/new',
  plan: (plan: string) => `/plan/${plan}`,
  editPlan: (plan: string) => `/plan/${plan}/edit`,
  messages: '/messages',
  newMessage: '/messages/new',
  writeTo: (person: string) => `/messages/to/${person}`,
  talk: (talk: string) => `/messages/${talk}`,
  activity: '/activity',
  telling: '/activity/settings',
  settings: '/settings',
  report: (kind: string, id: string) => `/report/${kind}/${id}`,
  queue: '/queue',
  log: '/queue/log',
  entry: (entry: string) => `/queue/${entry}`,
  decisions: '/me/decisions',
  reports: '/me/reports',
  goodbye: '/goodbye',
};

export function parse(pathname: string): Route {
  const [first = '', second, third, ...rest] = pathname.slice(1).split('/');
  if (first === 'c' && second && third === 'edit' && rest.length === 0) {
    return { screen: 'edit_club', club: second };
  }
  if (first === 'plan' && second && third === 'edit' && rest.length === 0) {
    return { screen: 'edit_plan', plan: second };
  }
  if (first === 'messages' && second === 'to' && third && rest.length === 0) {
    return { screen: 'write_to', person: third };
  }
  if (first === 'report' && second && third && rest.length === 0) {
    return { screen: 'report', kind: second, id: third };
  }
  if (third !== undefined) return { screen: 'nowhere' };
  if (second) {
    if (first === 'r') return { screen: 'room', room: second };
    if (first === 'i') return { screen: 'invitation', code: second };
    if (first === 'p') return { screen: 'person', person: second };
    if (first === 'c') return { screen: 'club', club: second };
    if (first === 'clubs' && second === 'new') return { screen: 'new_club' };
    if (first === 'plan') {
      return second === 'new' ? { screen: 'new_plan' } : { screen: 'plan', plan: second };
    }
    if (first === 'messages') {
      return second === 'new' ? { screen: 'new_message' } : { screen: 'talk', talk: second };
    }
    if (first === 'activity' && second === 'settings') return { screen: 'telling' };
    if (first === 'queue') {
      return second === 'log' ? { screen: 'log' } : { screen: 'entry', entry: second };
    }
    if (
      first === 'me' &&
      (second === 'edit' || second === 'stored' || second === 'decisions' || second === 'reports')
    ) {
      return { screen: second };
    }
    return { screen: 'nowhere' };
  }
  switch (first) {
    case '':
      return { screen: 'hallway' };
    case 'signin':
    case 'join':
    case 'invites':
    case 'welcome':
    case 'me':
    case 'search':
    case 'find':
    case 'clubs':
    case 'schedule':
    case 'messages':
    case 'activity':
    case 'settings':
    case 'queue':
    case 'goodbye':
      return { screen: first };
  }
  if (first.startsWith('@') && first.length > 1) return { screen: 'person', person: first };
  return { screen: 'nowhere' };
}

/** Goes to another address of the app. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  moved();
}

/** Follows links and the browser's back button; returns how to stop. */
export function startRouter(): () => void {
  document.addEventListener('click', followed);
  window.addEventListener('popstate', moved);
  return () => {
    document.removeEventListener('click', followed);
    window.removeEventListener('popstate', moved);
  };
}

function followed(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download'))
    return;
  if (link.hash) return; // a place on this page is the browser's affair
  event.preventDefault();
  if (link.pathname !== location.pathname || location.search) go(link.pathname);
}

function moved(): void {
  const before = route.peek();
  const show = () => {
    path.value = location.pathname;
    query.value = location.search;
  };
  const after = parse(location.pathname);
  const intoOrOutOfRoom = (before.screen === 'room') !== (after.screen === 'room');
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (intoOrOutOfRoom && !still && 'startViewTransition' in document) {
    // The title of the card becomes the title of the room.
    document.startViewTransition(async () => {
      show();
      await new Promise((drawn) => setTimeout(drawn)); // after Preact has rendered
    });
  } else {
    show();
  }
}
