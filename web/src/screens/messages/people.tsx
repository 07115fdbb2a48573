import { useSignal } from '@preact/signals';
import type { Talk } from '@stoa/client/conversations';
import { add, isThere, most, silence } from '../../models/conversations.ts';
import { say } from '../../models/notices.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { SafetyIcon } from '../../parts/safety-icons.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { to } from '../../router.ts';
import { c } from '../../words/messages.ts';
import { Choose } from './choose.tsx';

/** Who is in a conversation. */
export function People({ talk: of }: { talk: Talk }) {
  const words = c();
  return (
    <ul class="list">
      {of.people.map(({ person: p, state }) => (
        <li key={p.id}>
          <a class="row" href={to.person(p.id)}>
            <Face id={p.id} name={p.name} picture={p.picture} size={40} />
            <span class="grow">
              <b dir="auto">{p.name}</b>
              {state !== 'in' && <span>{words.state[state]}</span>}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Who is in it, and who else is to be. */
export function PeopleSheet({ talk: of, onClose }: { talk: Talk; onClose: () => void }) {
  const words = c();
  const adding = useSignal(false);
  const there = of.people.filter(isThere).length;
  const mayAdd = !of.two && of.mine === 'in' && there < most;
  return (
    <Sheet labelledby="talk-people" onClose={onClose}>
      <div class="stack" data-test="people-sheet">
        <SheetHead id="talk-people" onClose={onClose}>
          {adding.value ? words.add : words.members}
        </SheetHead>
        {adding.value ? (
          <Adding talk={of} left={most - there} onDone={onClose} />
        ) : (
          <>
            <People talk={of} />
            <Silence talk={of} />
            {mayAdd && (
              <button
                type="button"
                class="btn"
                data-test="add-people"
                onClick={() => (adding.value = true)}
              >
                <Icon name="user-plus" />
                {words.add}
              </button>
            )}
            <p class="meta">{of.two ? words.staysTwo : words.sealed}</p>
          </>
        )}
      </div>
    </Sheet>
  );
}

/** Whether one is told of what is written in it. */
function Silence({ talk: { id, silent } }: { talk: Talk }) {
  const words = c();
  return (
    <label class="row">
      <span class="grow">
        <b>{words.silence}</b>
        <span>{words.silenceWhy}</span>
      </span>
      <input
        type="checkbox"
        class="sw"
        data-test="silence"
        checked={silent}
        onChange={(event) => {
          const { currentTarget: box } = event;
          void silence(id, box.checked).then((done) => {
            if (!done) box.checked = silent;
          });
        }}
      />
    </label>
  );
}

/** The sign of a conversation of which one wants to hear nothing. */
export function Silent({ talk: { silent } }: { talk: Talk }) {
  if (!silent) return null;
  return (
    <span class="silent" data-test="silent">
      <SafetyIcon name="bell-off" />
      <span class="vh">{c().silent}</span>
    </span>
  );
}

function Adding({ talk: of, left, onDone }: { talk: Talk; left: number; onDone: () => void }) {
  const words = c();
  const chosen = useSignal<readonly string[]>([]);
  const busy = useSignal(false);
  const full = chosen.value.length > left;
  const done = async () => {
    busy.value = true;
    const added = await add(of.id, chosen.value);
    busy.value = false;
    if (!added) return;
    say(words.added(chosen.value.length));
    onDone();
  };
  return (
    <>
      <p class="soft">{words.addWhy}</p>
      <Choose
        legend={words.add}
        chosen={chosen.value}
        without={of.people.filter(isThere).map(({ person }) => person.id)}
        onChoose={(some) => (chosen.value = some)}
      />
      <button
        type="button"
        class="btn live"
        data-test="add-them"
        disabled={busy.value || full || chosen.value.length === 0}
        onClick={() => void done()}
      >
        {full ? words.tooMany : words.addThem(chosen.value.length)}
      </button>
    </>
  );
}
