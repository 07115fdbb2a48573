import { useSignal } from '@preact/signals';
import type { Plan } from '@stoa/client';
import { byDay, dayOf, weeksOf } from '../../models/when.ts';
import { Icon } from '../../parts/icon.tsx';
import { useRoving } from '../../parts/roving.ts';
import { longDay, monthName, s, shortWeekday, weekday } from '../../words/schedule.ts';
import { Day } from './list.tsx';

/** A month as a grid of days; arrow keys move in it, and under it is the day that is chosen. */
export function Month({ plans }: { plans: readonly Plan[] }) {
  const words = s().list;
  const shown = useSignal(new Date());
  const chosen = useSignal(dayOf(new Date()));
  const body = useRoving<HTMLTableSectionElement>();
  const days = new Map(byDay(plans));
  const weeks = weeksOf(shown.value);
  const today = dayOf(new Date());
  const turn = (by: number) => {
    const next = new Date(shown.value.getFullYear(), shown.value.getMonth() + by, 1);
    shown.value = next;
    chosen.value = dayOf(next);
  };
  const there = days.get(chosen.value) ?? [];
  return (
    <div class="stack month" data-test="month">
      <div class="flex">
        <h2 class="grow" id="month" aria-live="polite">
          {monthName(shown.value)}
        </h2>
        <button
          type="button"
          class="btn icon bare"
          aria-label={words.before}
          onClick={() => turn(-1)}
        >
          <Icon name="chevron-left" />
        </button>
        <button
          type="button"
          class="btn icon bare turned"
          aria-label={words.after}
          data-test="next-month"
          onClick={() => turn(1)}
        >
          <Icon name="chevron-left" />
        </button>
      </div>
      <table aria-labelledby="month">
        <thead>
          <tr>
            {weeks[0]?.map((day) => (
              <th key={day.getDay()} scope="col" abbr={weekday(day)}>
                {shortWeekday(day)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {weeks.map((week) => (
            <tr key={dayOf(week[0] ?? new Date())}>
              {week.map((date) => {
                const day = dayOf(date);
                const some = days.get(day) ?? [];
                const other = date.getMonth() !== shown.value.getMonth();
                return (
                  <td key={day}>
                    <button
                      type="button"
                      class={other ? 'other' : undefined}
                      aria-current={day === today ? 'date' : undefined}
                      aria-pressed={day === chosen.value}
                      aria-label={words.on(longDay(date), some.length)}
                      data-test={`day-${day}`}
                      onClick={() => (chosen.value = day)}
                    >
                      <b>{date.getDate()}</b>
                      {some.slice(0, 2).map((p) => (
                        <span key={p.id} dir="auto">
                          {p.title}
                        </span>
                      ))}
                      {some.length > 2 && <span>+{some.length - 2}</span>}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {there.length > 0 ? (
        <Day day={chosen.value} plans={there} />
      ) : (
        <p class="soft">{words.noneThatDay}</p>
      )}
    </div>
  );
}
