import { useSignal } from '@preact/signals';
import type { Visibility } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { house, seen } from '../models/account.ts';
import { regions } from '../models/fence.ts';
import { acquaintances, followers, following } from '../models/people.ts';
import { about } from '../models/report.ts';
import { seat } from '../models/visit.ts';
import { visibilityIcon } from '../parts/card.tsx';
import { Face } from '../parts/face.tsx';
import { Icon } from '../parts/icon.tsx';
import { Sheet, SheetHead } from '../parts/sheet.tsx';
import { go, to } from '../router.ts';
import { fenceWords, problemWords, t } from '../words/index.ts';

const visibilities: Visibility[] = ['open', 'social', 'closed'];

/** A new room: what it is about, who may come in, and who is let in from the start. */
export function OpenRoomSheet({ onClose }: { onClose: () => void }) {
  const words = t().openRoom;
  const title = useSignal('');
  const visibility = useSignal<Visibility>('open');
  const letIn = useSignal<ReadonlySet<string>>(new Set());
  const fence = useSignal('');
  const hitch = useSignal('');
  const busy = useSignal(false);
  useEffect(() => {
    void following.refresh();
    void followers.refresh();
    void about.refresh();
  }, []);

  const submit = async () => {
    busy.value = true;
    hitch.value = '';
    try {
      const invite = visibility.value === 'open' ? {} : { invite: [...letIn.value] };
      const room = await house.openRoom({
        title: title.value.replace(/\s+/g, ' ').trim(),
        visibility: visibility.value,
        ...invite,
        ...(fence.value ? { fence: fence.value } : {}),
      });
      onClose();
      go(to.room(room.id));
    } catch (thrown) {
      hitch.value = problemWords(seen(thrown));
      busy.value = false;
    }
  };

  return (
    <Sheet labelledby="open-room" over={seat.value !== undefined} onClose={onClose}>
      <form
        class="stack roomy"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <SheetHead id="open-room" onClose={onClose}>
          {words.open}
        </SheetHead>
        <div class="field">
          <label for="topic">{words.about}</label>
          <textarea
            id="topic"
            data-test="room-title"
            rows={2}
            maxLength={120}
            placeholder={words.empty}
            value={title.value}
            onInput={(event) => (title.value = event.currentTarget.value)}
          />
        </div>
        <fieldset class="field">
          <legend>{words.who}</legend>
          <div class="opts">
            {visibilities.map((v) => (
              <label class="opt" key={v}>
                <input
                  type="radio"
                  name="visibility"
                  data-test={`visibility-${v}`}
                  checked={visibility.value === v}
                  onChange={() => (visibility.value = v)}
                />
                <Icon name={visibilityIcon[v]} />
                {words.kinds[v][0]}
                <small>{words.kinds[v][1]}</small>
              </label>
            ))}
          </div>
          <p class="meta">
            {words.explain[visibility.value]}
            {visibility.value !== 'open' && ` ${words.widenLater}`}
          </p>
        </fieldset>
        {regions().length > 1 && (
          <div class="field">
            <label for="where">{words.where}</label>
            <select
              id="where"
              data-test="room-fence"
              value={fence.value}
              onChange={(event) => (fence.value = event.currentTarget.value)}
            >
              <option value="">{words.anywhere}</option>
              <option value={regions()[0]}>{fenceWords(regions()[0] ?? '')}</option>
            </select>
            {fence.value && <p class="meta">{words.whereWhy}</p>}
          </div>
        )}
        {visibility.value !== 'open' && (
          <LetIn
            chosen={letIn.value}
            onChoose={(chosen) => {
              letIn.value = chosen;
            }}
          />
        )}
        {hitch.value && (
          <p class="err" role="alert">
            <Icon name="triangle-alert" />
            {hitch.value}
          </p>
        )}
        <button type="submit" class="btn live w" data-test="open-room-now" disabled={busy.value}>
          {words.submit}
        </button>
      </form>
    </Sheet>
  );
}

function LetIn({
  chosen,
  onChoose,
}: {
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  const words = t().openRoom;
  const people = acquaintances();
  if (people.length === 0) return <p class="meta">{words.nobody}</p>;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <fieldset class="field">
      <legend>{words.letIn}</legend>
      <ul class="list">
        {people.map((p) => (
          <li key={p.id}>
            <label class="row">
              <Face id={p.id} name={p.name} picture={p.picture} size={40} />
              <span class="grow">
                <b>{p.name}</b>
              </span>
              <input
                type="checkbox"
                class="sw"
                data-test={`let-in-${p.id}`}
                checked={chosen.has(p.id)}
                onChange={() => toggle(p.id)}
              />
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
