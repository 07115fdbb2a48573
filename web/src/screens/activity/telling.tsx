import { useSignal } from '@preact/signals';
import type { NewsSettings, NewsWay, ToldNow, Versioned } from '@stoa/client';
import { asStoaError } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { say } from '../../models/notices.ts';
import {
  alwaysHere,
  kinds,
  minuteOf,
  pushState,
  saveTelling,
  settingsOf,
  telling,
  timeOf,
  turnPushOff,
  turnPushOn,
  zoneHere,
} from '../../models/telling.ts';
import { attempt } from '../../parts/attempt.ts';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { s } from '../../words/activity.ts';

/** How one is told. */
export function TellingScreen() {
  const words = s();
  useEffect(() => void telling.refresh(), []);
  return (
    <Porch bare>
      <BackTop up={{ href: to.activity, says: words.title }} />
      <div class="pad stack wide-gap narrow">
        <h1 tabIndex={-1}>{words.settings.title}</h1>
        <Loadable of={telling}>
          {(kept) => (
            <>
              <Closed kept={kept} />
              <Choices key={kept.version} kept={kept} />
            </>
          )}
        </Loadable>
      </div>
    </Porch>
  );
}

/** Whether this browser is told while the app is closed. */
function Closed({ kept }: { kept: Versioned<ToldNow> }) {
  const words = s().settings;
  const asking = useSignal(false);
  const state = pushState(kept.value);
  const count = kept.value.push?.devices ?? 0;
  const turnOn = async () => {
    asking.value = true;
    await attempt(async () => {
      if (await turnPushOn(kept)) say(words.push.turnedOn);
    }).catch(() => say(words.push.failed));
    asking.value = false;
  };
  return (
    <section class="stack close" data-test="push" data-state={state}>
      <h2 class="sub bare-sub">{words.closed}</h2>
      <p class="meta">{words.closedWhat}</p>
      {state === 'can' ? (
        <button
          type="button"
          class="btn live align-start"
          data-test="push-on"
          disabled={asking.value}
          onClick={() => void turnOn()}
        >
          <Icon name="bell" />
          {words.push.can}
        </button>
      ) : (
        <p>{words.push[state]}</p>
      )}
      {count > 0 && <p class="meta">{words.devices(count)}</p>}
      {state === 'on' && (
        <button
          type="button"
          class="btn align-start"
          data-test="push-off"
          onClick={() => void attempt(turnPushOff, words.push.turnedOff)}
        >
          {words.push.off}
        </button>
      )}
    </section>
  );
}

const ways: readonly NewsWay[] = ['off', 'here', 'push'];
const never = -1;

/** What one is told, when, and how often. */
function Choices({ kept: { value, version } }: { kept: Versioned<ToldNow> }) {
  const words = s().settings;
  const draft = useSignal<NewsSettings>(settingsOf(value));
  const now = draft.value;
  const zone = version === '"0"' ? zoneHere() : now.quiet.zone;
  const change = (what: Partial<NewsSettings>) => {
    draft.value = { ...draft.peek(), ...what };
  };
  const save = () =>
    attempt(async () => {
      try {
        await saveTelling(
          { ...draft.peek(), quiet: { ...draft.peek().quiet, zone: zoneHere() } },
          version,
        );
        say(words.saved);
      } catch (thrown) {
        if (asStoaError(thrown).code !== 'changed_meanwhile') throw thrown;
        await telling.refresh();
        say(words.meanwhile);
      }
    });
  const time = (edge: 'from' | 'to') => (
    <div class="field">
      <label for={`quiet-${edge}`}>{words[edge]}</label>
      <input
        id={`quiet-${edge}`}
        type="time"
        required
        data-test={`quiet-${edge}`}
        value={timeOf(now.quiet[edge])}
        onInput={({ currentTarget: { value } }) =>
          value && change({ quiet: { ...now.quiet, [edge]: minuteOf(value) } })
        }
      />
    </div>
  );
  return (
    <form
      class="stack wide-gap"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <fieldset class="stack close">
        <legend class="sub bare-sub">{words.kinds}</legend>
        <ul class="list">
          {kinds.map((kind) => (
            <li class="row" key={kind}>
              <label class="grow" for={`kind-${kind}`}>
                {words.kind[kind]}
              </label>
              <span class="field">
                <select
                  id={`kind-${kind}`}
                  data-test={`kind-${kind}`}
                  value={now.kinds[kind]}
                  onChange={({ currentTarget: { value } }) =>
                    change({ kinds: { ...now.kinds, [kind]: value as NewsWay } })
                  }
                >
                  {ways
                    .filter((way) => way !== 'off' || !alwaysHere.has(kind))
                    .map((way) => (
                      <option key={way} value={way}>
                        {words.ways[way]}
                      </option>
                    ))}
                </select>
              </span>
            </li>
          ))}
        </ul>
      </fieldset>
      <fieldset class="stack close">
        <legend class="sub bare-sub">{words.quiet}</legend>
        <p class="meta">
          {words.quietWhat} {words.zone(zone)}
        </p>
        <div class="flex wrap">
          {time('from')}
          {time('to')}
        </div>
      </fieldset>
      <div class="field">
        <label for="budget">{words.budget}</label>
        <input
          id="budget"
          type="number"
          inputMode="numeric"
          min={0}
          max={50}
          required
          data-test="budget"
          aria-describedby="budget-what"
          value={now.budget}
          onInput={({ currentTarget: { valueAsNumber: n } }) =>
            Number.isInteger(n) && change({ budget: n })
          }
        />
        <span class="meta" id="budget-what">
          {words.budgetWhat}
        </span>
      </div>
      <div class="field">
        <label for="digest">{words.digest}</label>
        <select
          id="digest"
          data-test="digest"
          aria-describedby="digest-what"
          value={now.digest?.hour ?? never}
          onChange={({ currentTarget: { value } }) => {
            const { digest: _, ...rest } = draft.peek();
            const hour = Number(value);
            draft.value = hour === never ? rest : { ...rest, digest: { hour } };
          }}
        >
          <option value={never}>{words.digestNever}</option>
          {Array.from({ length: 24 }, (_, hour) => (
            <option key={hour} value={hour}>
              {words.digestAt(timeOf(hour * 60))}
            </option>
          ))}
        </select>
        <span class="meta" id="digest-what">
          {words.digestWhat}
        </span>
      </div>
      <button type="submit" class="btn live align-start" data-test="save-telling">
        {words.save}
      </button>
    </form>
  );
}
