import { useLayoutEffect, useRef } from 'preact/hooks';
import { account } from './models/account.ts';

import {
  activity,
  clubs,
  coming,
  finding,
  first,
  here,
  messages,
  own,
  people,
  schedule,
  searching,
  ward,
} from './models/later.ts';
import { pinged } from './models/news.ts';
import { announcement, toast, toastTo } from './models/notices.ts';
import { seat } from './models/visit.ts';
import { Icon } from './parts/icon.tsx';
import { Later } from './parts/later.tsx';
import { Threshold } from './parts/shell.tsx';
import { type Route, route } from './router.ts';
import { HallwayScreen } from './screens/hallway.tsx';
import { NowhereScreen, OfflineScreen } from './screens/nowhere.tsx';
import { RoomScreen } from './screens/room/index.tsx';
import { RoomSheets } from './screens/room/sheets.tsx';
import { t } from './words/index.ts';

/** The app: the screen of the address, and what is said over all of them. */
export function App() {
  useFocusOnArrival();
  return (
    <>
      <a class="skip btn ink" href="#main">
        {t().nav.skip}
      </a>
      <Screen route={route.value} />
      {seat.value && <RoomSheets seat={seat.value} />}
      {toast.value && <Toast />}
      {pinged.value && here(activity)?.Pinged({ piece: pinged.value })}
      <p class="vh" role="status" data-test="live-region">
        {announcement.value}
      </p>
    </>
  );
}

/** It is read by the live region; where it leads somewhere, it can be reached, too. */
function Toast() {
  const { value: words } = toast;
  return toastTo.value ? (
    <aside class="toast" data-test="toast" aria-label={words}>
      <Icon name="check" />
      <a class="grow" href={toastTo.value}>
        {words}
      </a>
    </aside>
  ) : (
    <p class="toast" data-test="toast" aria-hidden="true">
      <Icon name="check" />
      <span class="grow">{words}</span>
    </p>
  );
}

function Screen({ route: shown }: { route: Route }) {
  switch (account.value.kind) {
    case 'unknown':
      return <Threshold />;
    case 'unreachable':
      return <OfflineScreen />;
    case 'suspended':
      return <Later alone of={ward} show={(s) => <s.SuspendedScreen />} />;
    case 'out':
      if (shown.screen === 'nowhere') return <NowhereScreen />;
      if (shown.screen === 'goodbye')
        return <Later of={people} show={(s) => <s.GoodbyeScreen />} />;
      return <Coming route={shown} />;
  }
  switch (shown.screen) {
    case 'hallway':
      return <HallwayScreen />;
    case 'room':
      return <RoomScreen room={shown.room} />;
    case 'invitation':
    case 'signin':
    case 'join':
      return <Coming route={shown} />;
    case 'invites':
      return <Later of={own} show={(s) => <s.InvitesScreen />} />;
    case 'welcome':
      return <Later of={first} show={(s) => <s.FirstScreen />} />;
    case 'me':
      return <Later of={people} show={(s) => <s.MeScreen />} />;
    case 'edit':
      return <Later of={people} show={(s) => <s.EditScreen />} />;
    case 'stored':
      return <Later of={people} show={(s) => <s.StoredScreen />} />;
    case 'person':
      return (
        <Later of={people} show={(s) => <s.PersonScreen key={shown.person} id={shown.person} />} />
      );
    case 'search':
      return <Later of={searching} show={(s) => <s.SearchScreen />} />;
    case 'find':
      return <Later of={finding} show={(s) => <s.FindScreen />} />;
    case 'clubs':
      return <Later of={clubs} show={(s) => <s.ClubsScreen />} />;
    case 'new_club':
      return <Later of={clubs} show={(s) => <s.NewClubScreen />} />;
    case 'club':
      return <Later of={clubs} show={(s) => <s.ClubScreen key={shown.club} id={shown.club} />} />;
    case 'edit_club':
      return (
        <Later of={clubs} show={(s) => <s.EditClubScreen key={shown.club} id={shown.club} />} />
      );
    case 'schedule':
      return <Later of={schedule} show={(s) => <s.ScheduleScreen />} />;
    case 'new_plan':
      return <Later of={schedule} show={(s) => <s.NewPlanScreen />} />;
    case 'plan':
      return (
        <Later of={schedule} show={(s) => <s.PlanScreen key={shown.plan} id={shown.plan} />} />
      );
    case 'edit_plan':
      return (
        <Later of={schedule} show={(s) => <s.EditPlanScreen key={shown.plan} id={shown.plan} />} />
      );
    case 'messages':
      return <Later of={messages} show={(s) => <s.MessagesScreen />} />;
    case 'new_message':
      return <Later of={messages} show={(s) => <s.NewMessageScreen />} />;
    case 'write_to':
      return (
        <Later
          of={messages}
          show={(s) => <s.WriteToScreen key={shown.person} person={shown.person} />}
        />
      );
    case 'talk':
      return (
        <Later of={messages} show={(s) => <s.TalkScreen key={shown.talk} id={shown.talk} />} />
      );
    case 'activity':
      return <Later of={activity} show={(s) => <s.ActivityScreen />} />;
    case 'telling':
      return <Later of={activity} show={(s) => <s.TellingScreen />} />;
    case 'settings':
      return <Later of={own} show={(s) => <s.SettingsScreen />} />;
    case 'report':
      return (
        <Later
          of={ward}
          show={(s) => <s.ReportScreen key={shown.id} kind={shown.kind} id={shown.id} />}
        />
      );
    case 'queue':
      return <Later of={ward} show={(s) => <s.QueueScreen />} />;
    case 'log':
      return <Later of={ward} show={(s) => <s.LogScreen />} />;
    case 'entry':
      return <Later of={ward} show={(s) => <s.EntryScreen key={shown.entry} id={shown.entry} />} />;
    case 'decisions':
      return <Later of={ward} show={(s) => <s.DecisionsScreen />} />;
    case 'reports':
      return <Later of={ward} show={(s) => <s.ReportsScreen />} />;
    case 'goodbye': // there is nobody to take leave of
    case 'nowhere':
      return <NowhereScreen />;
  }
}

/** The ways into the house, for somebody who is not signed in or has a link to one. */
function Coming({ route: shown }: { route: Route }) {
  return (
    <Later
      alone
      of={coming}
      show={(s) => {
        switch (shown.screen) {
          case 'invitation':
            return <s.InvitationScreen code={shown.code} />;
          case 'join':
            return <s.JoinScreen />;
          case 'hallway':
            return <s.WelcomeScreen />;
          default:
            return <s.SignInScreen then={shown.screen === 'signin' ? '/' : location.pathname} />;
        }
      }}
    />
  );
}

/**
 * On a new screen the focus comes to its heading; back from a room, to the
 * card of that room. The first screen is the browser's affair.
 */
function useFocusOnArrival(): void {
  const before = useRef<Route>(undefined);
  const now = route.value;
  useLayoutEffect(() => {
    const from = before.current;
    before.current = now;
    if (!from || from === now) return;
    scrollTo(0, 0);
    const card =
      from.screen === 'room' && now.screen === 'hallway'
        ? document.querySelector<HTMLElement>(`[data-room="${CSS.escape(from.room)}"]`)
        : null;
    const target = card ?? document.querySelector<HTMLElement>('h1[tabindex]');
    target?.focus({ preventScroll: card === null });
  }, [now]);
}
