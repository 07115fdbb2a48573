import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { house } from '../../models/account.ts';
import { resource } from '../../models/resource.ts';
import { attempt } from '../../parts/attempt.ts';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { share } from '../../parts/share.ts';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { t } from '../../words/index.ts';
import { s } from '../../words/schedule.ts';

/** The address of one's calendar: to be copied, and to be made anew. */
export function CalendarSheet({ onClose }: { onClose: () => void }) {
  const words = s().calendar;
  const address = useMemo(() => resource(async () => (await house.calendar()).url), []);
  const asking = useSignal(false);
  useEffect(() => void address.refresh(), [address]);
  const renew = async () => {
    const done = await attempt(
      async () => address.set((await house.renewCalendar()).url),
      words.renewed,
    );
    if (done) asking.value = false;
  };
  return (
    <Sheet labelledby="calendar-sheet" onClose={onClose}>
      <div class="stack roomy">
        <SheetHead id="calendar-sheet" onClose={onClose}>
          {words.title}
        </SheetHead>
        <p>{words.what}</p>
        <Loadable of={address}>
          {(url) => (
            <div class="stack">
              <div class="field">
                <label for="calendar-address">{words.address}</label>
                <input
                  id="calendar-address"
                  readOnly
                  value={url}
                  data-test="calendar-address"
                  onFocus={(event) => event.currentTarget.select()}
                />
              </div>
              <button
                type="button"
                class="btn ink w"
                data-test="copy-calendar"
                onClick={() => void share(url, words.title, words.copied)}
              >
                <Icon name="copy" />
                {words.copy}
              </button>
              <p class="meta">{words.secret}</p>
              {asking.value ? (
                <div class="stack close">
                  <p class="err" role="alert">
                    <Icon name="triangle-alert" />
                    {words.renewWhy}
                  </p>
                  <div class="flex wrap">
                    <button type="button" class="btn grow" onClick={() => (asking.value = false)}>
                      {t().cancel}
                    </button>
                    <button
                      type="button"
                      class="btn danger sure grow"
                      data-test="renew-sure"
                      onClick={() => void renew()}
                    >
                      {words.renewSure}
                    </button>
                  </div>
                </div>
              ) : (
                <button
                  type="button"
                  class="btn align-start"
                  data-test="renew-calendar"
                  onClick={() => (asking.value = true)}
                >
                  {words.renew}
                </button>
              )}
            </div>
          )}
        </Loadable>
      </div>
    </Sheet>
  );
}
