import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { startWith } from '../../models/conversations.ts';
import { following } from '../../models/people.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Bones, Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/messages.ts';

const mostOthers = 11;

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
  useEffect(() => void following.refresh(), []);
  const full = chosen.value.length > mostOthers;
  const begin = async () => {
    busy.value = true;
    const id = await startWith(chosen.value);
    busy.value = false;
    if (id) go(to.talk(id), 'replace');
  };
  const turn = (id: string) => {
    const { value } = chosen;
    chosen.value = value.includes(id) ? value.filter((one) => one !== id) : [...value, id];
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
        <Loadable of={following}>
          {(people) =>
            people.length === 0 ? (
              <p class="meta">{words.followsNobody}</p>
            ) : (
              <fieldset class="list plain-set">
                <legend class="vh">{words.whom}</legend>
                {people.map((p) => (
                  <label class="row" key={p.id}>
                    <Face id={p.id} name={p.name} picture={p.picture} size={44} />
                    <span class="grow">
                      <b dir="auto">{p.name}</b>
                      {p.handle && <span>@{p.handle}</span>}
                    </span>
                    <input
                      type="checkbox"
                      data-test={`choose-${p.id}`}
                      checked={chosen.value.includes(p.id)}
                      onChange={() => turn(p.id)}
                    />
                  </label>
                ))}
              </fieldset>
            )
          }
        </Loadable>
      </div>
    </Porch>
  );
}
