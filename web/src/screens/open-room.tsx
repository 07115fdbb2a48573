import { useSignal } from '@preact/signals';
import type { Visibility } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { house, seen } from '../models/account.ts';
import { club, clubs, mayOpen } from '../models/clubs.ts';
import { regions } from '../models/fence.ts';
import { acquaintances, followers, following } from '../models/people.ts';
import { about } from '../models/report.ts';
import { ready } from '../models/resource.ts';
import { seat } from '../models/visit.ts';
import { visibilityIcon } from '../parts/card.tsx';
import { Face } from '../parts/face.tsx';
import { Icon } from '../parts/icon.tsx';
import { Languages } from '../parts/languages.tsx';
import { Sheet, SheetHead } from '../parts/sheet.tsx';
import { Topics } from '../parts/topics.tsx';
import { go, to } from '../router.ts';
import { fenceWords, problemWords, t } from '../words/index.ts';
import { o } from '../words/open-room.ts';
import { tw } from '../words/topics.ts';

const ofNoClub: Visibility[] = ['open', 'social', 'closed'];
const ofAClub: Visibility[] = ['open', 'social', 'members', 'closed'];

/** A new room: what it is about, who may come in, and who is let in from the start. */
export function OpenRoomSheet({
  club: first = '',
  onClose,
}: {
  /** The club that is chosen already. */
  club?: string | undefined;
  onClose: () => void;
}) {
  const words = o();
  const title = useSignal('');
  const chosen = useSignal(first);
  const visibility = useSignal<Visibility>(first ? 'members' : 'open');
  const letIn = useSignal<ReadonlySet<string>>(new Set());
  const fence = useSignal('');
  const tongue = useSignal('');
  const topics = useSignal<string[]>([]);
  const hitch = useSignal('');
  const busy = useSignal(false);
  useEffect(() => {
    void following.refresh();
    void followers.refresh();
    void about.refresh();
    void clubs.refresh();
  }, []);
  const mine = ready(clubs.shown.value)?.mine ?? [];
  const whose = chosen.value ? ready(club(chosen.value).shown.value)?.value : undefined;
  const barred = whose !== undefined && !mayOpen(whose);
  const choose = (id: string) => {
    chosen.value = id;
    // Never wider than it was: what was for members is then for the invited.
    if (!id && visibility.value === 'members') visibility.value = 'closed';
    else if (id && visibility.value !== 'closed') visibility.value = 'members';
  };
  useEffect(() => {
    if (chosen.value) void club(chosen.value).refresh();
  }, [chosen.value]);

  const submit = async () => {
    busy.value = true;
    hitch.value = '';
    try {
      const invite = visibility.value === 'open' ? {} : { invite: [...letIn.value] };
      const room = await house.openRoom({
        title: title.value.replace(/\s+/g, ' ').trim(),
        visibility: visibility.value,
        ...invite,
        ...(chosen.value ? { club: chosen.value } : {}),
        ...(fence.value ? { fence: fence.value } : {}),
        ...(tongue.value ? { language: tongue.value } : {}),
        ...(topics.value.length > 0 ? { topics: topics.value } : {}),
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
          {t().openRoom.open}
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
        {(mine.length > 0 || chosen.value) && (
          <div class="field">
            <label for="whose">{words.club}</label>
            <select
              id="whose"
              data-test="room-club"
              value={chosen.value}
              aria-invalid={barred}
              aria-describedby={barred ? 'whose-not' : undefined}
              onChange={(event) => choose(event.currentTarget.value)}
            >
              <option value="">{words.noClub}</option>
              {mine.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
            {barred && (
              <span class="err" id="whose-not" data-test="admins-only">
                <Icon name="triangle-alert" />
                {words.adminsOnly}
              </span>
            )}
          </div>
        )}
        <fieldset class="field">
          <legend>{words.who}</legend>
          <div class={chosen.value ? 'opts four' : 'opts'}>
            {(chosen.value ? ofAClub : ofNoClub).map((v) => (
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
        <Topics
          id="room-topics"
          label={tw().of}
          why={tw().why}
          chosen={topics.value}
          most={3}
          onChoose={(chosen) => {
            topics.value = chosen;
          }}
        />
        <div class="field">
          <label for="room-language">{tw().language}</label>
          <Languages
            id="room-language"
            value={tongue.value}
            none={tw().noLanguage}
            onChoose={(tag) => {
              tongue.value = tag;
            }}
          />
        </div>
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
        <button
          type="submit"
          class="btn live w"
          data-test="open-room-now"
          disabled={busy.value || barred}
        >
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
  const words = o();
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
