import { useSignal } from '@preact/signals';
import { isOpen, type Seat } from '@stoa/client';
import { choose, doThen, hidden, type Option, optionsOf } from '../../../models/beside.ts';
import { act, closeSheet, iModerate } from '../../../models/stage.ts';
import { Icon } from '../../../parts/icon.tsx';
import { useRoving } from '../../../parts/roving.ts';
import { SheetHead } from '../../../parts/sheet.tsx';
import { b } from '../../../words/beside.ts';
import { firstName } from '../../../words/index.ts';

/** A question to everybody, or what came of it. */
export function PollCard({ seat }: { seat: Seat }) {
  const words = b().poll;
  const grid = useRoving<HTMLUListElement>();
  const { poll, people } = seat.view.value;
  if (!poll || poll.poll === hidden.value) return null;
  const open = isOpen(poll);
  const options = optionsOf(seat);
  const voters = options.reduce((sum, { count }) => sum + count, 0);
  const by = people.find((p) => p.who === poll.by);
  return (
    <section class="poll" aria-labelledby="poll" data-test="poll">
      <div class="flex">
        <div class="grow">
          {by && <p class="eyebrow">{words.by(firstName(by.name))}</p>}
          <h2 class="say" id="poll" dir="auto">
            {poll.question}
          </h2>
        </div>
        {!open && (
          <button
            type="button"
            class="btn s icon bare"
            aria-label={words.hide}
            data-test="hide-poll"
            onClick={() => {
              hidden.value = poll.poll;
            }}
          >
            <Icon name="x" />
          </button>
        )}
      </div>
      <ul class="options" ref={grid}>
        {options.map((option, n) => (
          <Choice key={option.text} option={option} poll={open ? poll.poll : undefined} n={n} />
        ))}
      </ul>
      <div class="flex wrap">
        <p class="meta grow" data-test="voters">
          {open ? words.voters(voters) : words.result(voters)}
        </p>
        {open && iModerate(seat) && (
          <button
            type="button"
            class="btn s"
            data-test="close-poll"
            onClick={() => void act((s) => s.closePoll(poll.poll))}
          >
            {words.close}
          </button>
        )}
      </div>
    </section>
  );
}

interface ChoiceProps {
  option: Option;
  /** In which one may choose; none: it is over. */
  poll: number | undefined;
  n: number;
}

function Choice({ option: { text, count, share, mine }, poll, n }: ChoiceProps) {
  const words = b().poll;
  const inside = (
    <>
      <span class="share" style={{ inlineSize: `${Math.round(share * 100)}%` }} />
      <span class="grow" dir="auto">
        {text}
        {mine && <span class="vh">, {words.yours}</span>}
      </span>
      {mine && <Icon name="check" />}
      <span class="num">
        <span class="vh">: {words.chose(count)}</span>
        <span aria-hidden="true">{count}</span>
      </span>
    </>
  );
  return (
    <li>
      {poll === undefined ? (
        <div class={mine ? 'option mine' : 'option'} data-test={`option-${n}`}>
          {inside}
        </div>
      ) : (
        <button
          type="button"
          class="option"
          aria-pressed={mine}
          data-test={`option-${n}`}
          onClick={() => void choose(poll, n)}
        >
          {inside}
        </button>
      )}
    </li>
  );
}

const optionsMax = 6;

/** Where a moderator asks everybody. */
export function PollingSheet({ seat }: { seat: Seat }) {
  const words = b().poll;
  const question = useSignal('');
  const options = useSignal(['', '']);
  const missing = useSignal(false);
  if (!iModerate(seat)) return null;
  const ask = () => {
    const some = options.value.map((o) => o.trim()).filter(Boolean);
    const asked = question.value.trim();
    missing.value = !asked || some.length < 2 || new Set(some).size < some.length;
    if (!missing.value) void doThen((s) => s.openPoll(asked, some));
  };
  const set = (n: number, text: string) => {
    options.value = options.value.map((o, i) => (i === n ? text : o));
    missing.value = false;
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.add}
      </SheetHead>
      <div class="field">
        <label for="question">{words.question}</label>
        <input
          id="question"
          autocomplete="off"
          maxLength={200}
          data-test="question"
          value={question.value}
          onInput={(event) => {
            question.value = event.currentTarget.value;
            missing.value = false;
          }}
        />
      </div>
      {options.value.map((text, n) => (
        <div class="field" key={n}>
          <label for={`answer-${n}`}>{words.option(n + 1)}</label>
          <input
            id={`answer-${n}`}
            autocomplete="off"
            maxLength={80}
            data-test={`answer-${n}`}
            value={text}
            onInput={(event) => set(n, event.currentTarget.value)}
          />
        </div>
      ))}
      {options.value.length < optionsMax && (
        <button
          type="button"
          class="btn s align-start"
          data-test="more-answers"
          onClick={() => {
            options.value = [...options.value, ''];
          }}
        >
          <Icon name="plus" />
          {words.more}
        </button>
      )}
      {missing.value && (
        <p class="err" role="alert">
          {words.missing}
        </p>
      )}
      <p class="meta">{words.secret}</p>
      <button type="submit" class="btn ink w" data-test="ask-now">
        {words.ask}
      </button>
    </form>
  );
}
