import { useSignal } from '@preact/signals';
import type { Club } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { seen } from '../../models/account.ts';
import { club, join, type WayIn, wayIn } from '../../models/clubs.ts';
import { say } from '../../models/notices.ts';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { c } from '../../words/clubs.ts';
import { problemWords, t } from '../../words/index.ts';

/** The rules, which one agrees to before one comes in. */
export function JoinSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const found = club(id);
  useEffect(() => void found.refresh(), [found]);
  return (
    <Sheet labelledby="join" onClose={onClose}>
      <Loadable of={found}>{({ value }) => <Joining club={value} onClose={onClose} />}</Loadable>
    </Sheet>
  );
}

const ways: readonly WayIn[] = ['join', 'ask', 'accept'];

function Joining({ club, onClose }: { club: Club; onClose: () => void }) {
  const words = c();
  const busy = useSignal(false);
  const hitch = useSignal('');
  const now = wayIn(club);
  const way = ways.includes(now) ? (now as 'join' | 'ask' | 'accept') : 'join';
  const agree = async () => {
    busy.value = true;
    hitch.value = '';
    try {
      const { standing } = await join(club.id, club.rules_version);
      onClose();
      say(standing === 'asked' ? words.club.hasAsked : words.club.joined);
    } catch (thrown) {
      const problem = seen(thrown);
      hitch.value = problem.code === 'rules_changed' ? words.rules.changed : problemWords(problem);
      busy.value = false;
    }
  };
  return (
    <div class="stack" data-test="join-sheet">
      <SheetHead id="join" onClose={onClose}>
        {words.rules.title(club.name)}
      </SheetHead>
      {hitch.value && (
        <p class="err" role="alert" data-test="join-hitch">
          <Icon name="triangle-alert" />
          {hitch.value}
        </p>
      )}
      {club.rules.length > 0 ? (
        <>
          <Rules rules={club.rules} />
          <p class="meta">{words.rules.why}</p>
        </>
      ) : (
        <p>{words.rules.none}</p>
      )}
      {way === 'ask' && <p class="meta">{words.rules.askWhy}</p>}
      <div class="flex wrap">
        <button type="button" class="btn grow" onClick={onClose}>
          {t().cancel}
        </button>
        <button
          type="button"
          class="btn ink grow"
          data-test="agree"
          disabled={busy.value}
          onClick={() => void agree()}
        >
          {club.rules.length > 0 ? words.rules.agree[way] : words.rules.plain[way]}
        </button>
      </div>
    </div>
  );
}

export function Rules({ rules }: { rules: readonly string[] }) {
  return (
    <ol class="rules" data-test="rules">
      {rules.map((rule, n) => (
        <li key={n} dir="auto">
          {rule}
        </li>
      ))}
    </ol>
  );
}
