import { useSignal } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { closeSheet, iModerate, sheet } from '../../../models/stage.ts';
import { attempt } from '../../../parts/attempt.ts';
import { Icon } from '../../../parts/icon.tsx';
import { Languages } from '../../../parts/languages.tsx';
import { SheetHead } from '../../../parts/sheet.tsx';
import { Topics } from '../../../parts/topics.tsx';
import { b } from '../../../words/beside.ts';
import { languageName } from '../../../words/form.ts';
import { topicName, tw } from '../../../words/topics.ts';

const titleMax = 120;
const topicsMax = 3;

/** What the room is about; moderators say it anew. */
export function About({ seat }: { seat: Seat }) {
  const words = b().describe;
  const { language, topics = [] } = seat.view.value;
  const said = [...topics.map(topicName), ...(language ? [languageName(language)] : [])];
  return (
    <>
      {said.length > 0 && (
        <p class="meta" data-test="room-about">
          {words.about} {said.join(' · ')}
        </p>
      )}
      {iModerate(seat) && (
        <button
          type="button"
          class="btn w"
          data-test="describe"
          onClick={() => {
            sheet.value = { kind: 'describing' };
          }}
        >
          <Icon name="list" />
          {words.change}
        </button>
      )}
    </>
  );
}

export function DescribeSheet({ seat }: { seat: Seat }) {
  const words = b().describe;
  const now = seat.view.value;
  const title = useSignal(now.title);
  const tongue = useSignal(now.language ?? '');
  const topics = useSignal<string[]>([...(now.topics ?? [])]);
  const busy = useSignal(false);
  const save = async () => {
    busy.value = true;
    const plain = title.value.replace(/\s+/g, ' ').trim();
    const said = await attempt(() => seat.describe(plain, tongue.value, topics.value));
    busy.value = false;
    if (said) closeSheet();
  };
  return (
    <form
      class="stack roomy"
      data-test="describe-sheet"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.title}
      </SheetHead>
      <div class="field">
        <label for="describe-title">{words.name}</label>
        <textarea
          id="describe-title"
          data-test="describe-title"
          rows={3}
          maxLength={titleMax}
          dir="auto"
          value={title.value}
          onInput={({ currentTarget: { value } }) => (title.value = value)}
        />
      </div>
      <Topics
        id="describe-topics"
        label={tw().of}
        why={tw().why}
        chosen={topics.value}
        most={topicsMax}
        onChoose={(chosen) => {
          topics.value = chosen;
        }}
      />
      <div class="field">
        <label for="describe-language">{tw().language}</label>
        <Languages
          id="describe-language"
          value={tongue.value}
          none={tw().noLanguage}
          onChoose={(tag) => {
            tongue.value = tag;
          }}
        />
      </div>
      <button type="submit" class="btn live" data-test="describe-save" disabled={busy.value}>
        {words.save}
      </button>
    </form>
  );
}
