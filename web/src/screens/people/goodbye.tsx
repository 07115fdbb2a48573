import { Scene } from '../../parts/brand.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Landing } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { p } from '../../words/people.ts';

/** For somebody who has erased their account. */
export function GoodbyeScreen() {
  const words = p().goodbye;
  return (
    <Landing art={<Scene />}>
      <Heading test="goodbye">{words.heading}</Heading>
      <p class="lead">{words.gone}</p>
      <p class="soft">{words.back}</p>
      <a class="btn align-start" href={to.hallway}>
        {words.front}
      </a>
    </Landing>
  );
}
