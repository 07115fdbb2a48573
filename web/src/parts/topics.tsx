import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { f } from '../words/form.ts';
import { topicName, topicsByName, tw } from '../words/topics.ts';
import { Icon } from './icon.tsx';

/** Topics to choose among, a few of a list. */
export function Topics(props: {
  id: string;
  label: string;
  why: string;
  chosen: readonly string[];
  most: number;
  onChoose: (topics: string[]) => void;
  /** What is wrong with them. */
  wrong?: string | undefined;
  children?: ComponentChildren;
}) {
  const { id, chosen, most, wrong } = props;
  const words = tw();
  const group = useRef<HTMLFieldSetElement>(null);
  const adding = useRef<HTMLSelectElement>(null);
  const rest = topicsByName().filter(([topic]) => !chosen.includes(topic));
  return (
    <fieldset class="field" ref={group} aria-describedby={`${id}-why`}>
      <legend>
        {props.label}
        <span class="optional"> {f().optional}</span>
      </legend>
      {chosen.length > 0 && (
        <ul class="chips">
          {chosen.map((topic) => (
            <li key={topic}>
              <button
                type="button"
                class="chip"
                aria-label={words.drop(topicName(topic))}
                data-test={`${id}-drop-${topic}`}
                onClick={() => {
                  props.onChoose(chosen.filter((other) => other !== topic));
                  setTimeout(() => adding.current?.focus());
                }}
              >
                {topicName(topic)}
                <Icon name="x" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {chosen.length < most && (
        <select
          ref={adding}
          data-test={`${id}-add`}
          aria-label={words.add}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong ? `${id}-wrong` : `${id}-why`}
          value=""
          onChange={(event) => {
            const topic = event.currentTarget.value;
            event.currentTarget.value = '';
            if (!topic) return;
            props.onChoose([...chosen, topic]);
            if (chosen.length + 1 >= most) {
              // The list goes: whoever has just chosen goes on from there.
              setTimeout(() => group.current?.querySelector('button')?.focus());
            }
          }}
        >
          <option value="">{words.add}</option>
          {rest.map(([topic, name]) => (
            <option key={topic} value={topic}>
              {name}
            </option>
          ))}
        </select>
      )}
      {wrong && (
        <span class="err" id={`${id}-wrong`}>
          <Icon name="triangle-alert" />
          {wrong}
        </span>
      )}
      <span class="meta" id={`${id}-why`}>
        {props.why}
      </span>
      {props.children}
    </fieldset>
  );
}
