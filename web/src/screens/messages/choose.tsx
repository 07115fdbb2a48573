import { useEffect } from 'preact/hooks';
import { following } from '../../models/people.ts';
import { Face } from '../../parts/face.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { c } from '../../words/messages.ts';

interface ChooseProps {
  legend: string;
  chosen: readonly string[];
  /** Who is there already. */
  without?: readonly string[];
  onChoose: (chosen: readonly string[]) => void;
}

/** Some of the people whom one follows. */
export function Choose({ legend, chosen, without = [], onChoose }: ChooseProps) {
  const words = c();
  useEffect(() => void following.refresh(), []);
  const turn = (id: string) =>
    onChoose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <Loadable of={following}>
      {(all) => {
        const people = all.filter(({ id }) => !without.includes(id));
        if (people.length === 0) {
          return <p class="meta">{all.length > 0 ? words.allThere : words.followsNobody}</p>;
        }
        return (
          <fieldset class="list plain-set">
            <legend class="vh">{legend}</legend>
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
                  checked={chosen.includes(p.id)}
                  onChange={() => turn(p.id)}
                />
              </label>
            ))}
          </fieldset>
        );
      }}
    </Loadable>
  );
}
