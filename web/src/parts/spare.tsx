import { useSignal } from '@preact/signals';
import type { BlockLevel, Person } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { blocks, levelOf, setLevel } from '../models/blocks.ts';
import { say } from '../models/notices.ts';
import { ready } from '../models/resource.ts';
import { firstName, problemWords } from '../words/index.ts';
import { w } from '../words/safety.ts';
import { SafetyIcon } from './safety-icons.tsx';
import { Sure } from './sure.tsx';

/** Mutes somebody for me, or blocks them, once I am sure; or takes that back. */
export function Spare({ person, moderates = false }: { person: Person; moderates?: boolean }) {
  const words = w();
  const sure = useSignal<BlockLevel | undefined>(undefined);
  useEffect(() => void blocks.refresh(), []);
  const level = levelOf(person.id);
  const name = firstName(person.name);
  const set = async (to: BlockLevel | undefined) => {
    try {
      await setLevel(person, to);
      if (to) say(to === 'mute' ? words.muted(name) : words.blocked(name));
      else say(words.freed(name));
    } catch (thrown) {
      say(problemWords(thrown as Parameters<typeof problemWords>[0]));
    }
    sure.value = undefined;
  };
  if (!ready(blocks.shown.value)) return null;
  return (
    <div class="stack close" data-test="spare" data-level={level ?? 'none'}>
      {level && (
        <p class="meta" role="status">
          {level === 'mute' ? words.isMuted(name) : words.isBlocked(name)}
          {level === 'block' && moderates && ` ${words.blockStays(name)}`}
        </p>
      )}
      <div class="flex wrap">
        {level === undefined && (
          <button
            type="button"
            class="btn s grow"
            data-test="mute-for-me"
            onClick={() => (sure.value = 'mute')}
          >
            <SafetyIcon name="volume-x" />
            {words.mute}
          </button>
        )}
        {level !== 'block' && (
          <button
            type="button"
            class="btn danger s grow"
            data-test="block"
            onClick={() => (sure.value = 'block')}
          >
            <SafetyIcon name="ban" />
            {words.block}
          </button>
        )}
        {level && (
          <button
            type="button"
            class="btn s grow"
            data-test="unspare"
            onClick={() => void set(undefined)}
          >
            {level === 'mute' ? words.unmute : words.unblock}
          </button>
        )}
      </div>
      {sure.value && (
        <Sure
          title={sure.value === 'mute' ? words.muteSure(name) : words.blockSure(name)}
          why={sure.value === 'mute' ? words.muteWhy(name) : words.blockWhy(name)}
          yes={sure.value === 'mute' ? words.muteYes : words.blockYes}
          test="spare-sure"
          onYes={() => set(sure.value)}
          onClose={() => (sure.value = undefined)}
        >
          {sure.value === 'block' && moderates && <p>{words.blockStays(name)}</p>}
        </Sure>
      )}
    </div>
  );
}
