import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { most, startWith } from '../../models/conversations.ts';
import { Icon } from '../../parts/icon.tsx';
import { Bones } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/messages.ts';
import { Choose } from './choose.tsx';

/** Opens the conversation with somebody, or begins it. */
export function WriteToScreen({ person }: { person: string }) {
  const words = c();
  useEffect(() => {
    void startWith([person]).then((id) => go(id ? to.talk(id) : to.person(person), 'replace'));
  }, [person]);
  return (
    <Porch>
      <BackTop up={{ href: to.messages, says: words.title }} />
      <div class="pad stack" aria-busy="true">
        <h1 class="vh" tabIndex={-1}>
          {words.opening}
        </h1>
        <Bones />
      </div>
    </Porch>
  );
}

/** Whom to write to. */
export function NewMessageScreen() {
  const words = c();
  const chosen = useSignal<readonly string[]>([]);
  const busy = useSignal(false);
  const full = chosen.value.length >= most;
  const begin = async () => {
    busy.value = true;
    const id = await startWith(chosen.value);
    busy.value = false;
    if (id) go(to.talk(id), 'replace');
  };
  return (
    <Porch
      bar={
        chosen.value.length > 0 && (
          <div class="bar" data-test="chosen">
            <span class={full ? 'err grow' : 'grow'} role="status">
              {full ? words.tooMany : words.chosen(chosen.value.length)}
            </span>
            <button
              type="button"
              class="btn live"
              data-test="begin-talk"
              disabled={busy.value || full}
              onClick={() => void begin()}
            >
              <Icon name="message" />
              {words.begin}
            </button>
          </div>
        )
      }
    >
      <BackTop up={{ href: to.messages, says: words.title }} />
      <div class="pad stack roomy narrow">
        <div class="stack close">
          <h1 tabIndex={-1}>{words.whom}</h1>
          <p class="soft">{words.whomWhy}</p>
        </div>
        <Choose
          legend={words.whom}
          chosen={chosen.value}
          onChoose={(some) => (chosen.value = some)}
        />
      </div>
    </Porch>
  );
}
