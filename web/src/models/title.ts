import { computed, effect, signal } from '@preact/signals';
import { route } from '../router.ts';
import { t } from '../words/index.ts';
import { account } from './account.ts';
import { person } from './people.ts';
import { ready } from './resource.ts';
import { iAmOnStage, iModerate, seatName } from './stage.ts';
import { seat, visit } from './visit.ts';

/** What is looked at, by its name: a screen that loads later says it. */
export const looked = signal('');

/** The title of the page tells the state: "(muted) Tea – Stoa". */
const title = computed(() => {
  const here = seat.value;
  const name = `${here ? seatName(here) : screenName()} – Stoa`;
  if (!here) return name;
  const { titles } = t();
  if (here.state.value === 'reconnecting') return titles.reconnecting(name);
  const hands = here.hands.value.length;
  const counted = iModerate(here) && hands > 0 ? titles.hands(hands, name) : name;
  if (!iAmOnStage(here)) return counted;
  return here.onAir.value ? titles.onAir(counted) : titles.muted(counted);
});

function screenName(): string {
  const words = t();
  if (account.value.kind === 'unreachable') return words.trouble.offlineTitle;
  const now = route.value;
  switch (now.screen) {
    case 'hallway':
      return account.value.kind === 'out' ? words.welcome.title : words.hallway.title;
    case 'room':
      return visit.value.kind === 'over' || visit.value.kind === 'refused'
        ? words.over.title
        : words.room.coming;
    case 'person':
      return ready(person(now.person).shown.value)?.name ?? words.person.profile;
    case 'clubs':
    case 'new_club':
    case 'club':
    case 'edit_club':
      return looked.value || words.nav.clubs;
    case 'schedule':
    case 'new_plan':
    case 'plan':
    case 'edit_plan':
      return looked.value || words.nav.schedule;
    case 'search':
      return words.nav.search;
    case 'welcome':
      return words.welcome.title;
    case 'find':
      return looked.value || words.nav.search;
    case 'messages':
    case 'new_message':
    case 'write_to':
    case 'talk':
      return looked.value || words.nav.messages;
    case 'activity':
    case 'telling':
      return words.nav.activity;
    case 'queue':
    case 'log':
    case 'entry':
      return words.nav.queue;
    case 'report':
      return words.toWardens;
    case 'decisions':
    case 'reports':
      return words.nav.settings;
    case 'invitation':
    case 'signin':
    case 'join':
    case 'invites':
    case 'me':
    case 'edit':
    case 'stored':
    case 'goodbye':
    case 'settings':
    case 'nowhere':
      return words[now.screen].title;
  }
}

/** Keeps the page's title true; returns how to stop. */
export function startTitle(): () => void {
  return effect(() => {
    document.title = title.value;
  });
}
