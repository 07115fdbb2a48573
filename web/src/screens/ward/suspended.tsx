import { useSignal } from '@preact/signals';
import type { Me } from '@stoa/client';
import { account, house, recognise, signOut } from '../../models/account.ts';
import { here, people } from '../../models/later.ts';
import { attempt } from '../../parts/attempt.ts';
import { Scene } from '../../parts/brand.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Landing } from '../../parts/shell.tsx';
import { dayAndClock } from '../../words/index.ts';
import { w } from '../../words/ward.ts';
import { Decisions } from './mine.tsx';

/** Of who is kept out it is not told how they prove who they are: both ways are offered. */
const unknown: Me = { id: '', name: '', created: '', passkeys: 1, recovery: true };

/** For who is kept out of the house: for how long, why, and what they may still do. */
export function SuspendedScreen() {
  const words = w().suspended;
  const erasing = useSignal(false);
  if (account.value.kind !== 'suspended') return null;
  const { problem } = account.value;
  const Erase = here(people)?.EraseSheet;
  return (
    <Landing art={<Scene />}>
      <div class="stack close" data-test="suspended">
        <Heading>{words.title}</Heading>
        <p class="lead">
          {problem.until ? words.until(dayAndClock(problem.until)) : words.forGood}
        </p>
      </div>
      {problem.recovery_code && (
        <div class="pin">
          <span>
            {words.code}
            <br />
            <b class="num" data-test="next-code">
              {problem.recovery_code}
            </b>
          </span>
        </div>
      )}
      <Decisions out />
      <p class="meta">{words.rest}</p>
      <div class="flex wrap">
        <button
          type="button"
          class="btn"
          data-test="look-again"
          onClick={() => void attempt(recognise)}
        >
          {words.again}
        </button>
        <a class="btn" href={house.exportURL} download>
          {words.download}
        </a>
        <button
          type="button"
          class="btn"
          data-test="sign-out"
          onClick={() => void attempt(signOut)}
        >
          {words.signOut}
        </button>
        <button
          type="button"
          class="btn danger"
          data-test="erase"
          onClick={() =>
            void people.load().then(() => {
              erasing.value = true;
            })
          }
        >
          {words.erase}
        </button>
      </div>
      {erasing.value && Erase && <Erase me={unknown} onClose={() => (erasing.value = false)} />}
    </Landing>
  );
}
