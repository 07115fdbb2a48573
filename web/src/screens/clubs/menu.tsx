import { useSignal } from '@preact/signals';
import type { Club } from '@stoa/client';
import { dissolve, isIn, leads, leave, setShown } from '../../models/clubs.ts';
import { attempt } from '../../parts/attempt.ts';
import { Icon } from '../../parts/icon.tsx';
import { share } from '../../parts/share.ts';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { Sure } from '../../parts/sure.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/clubs.ts';
import { t } from '../../words/index.ts';

/** What one can do with a club, as one stands to it. */
export function ClubMenu({
  club,
  onClose,
  onNominate,
}: {
  club: Club;
  onClose: () => void;
  onNominate: () => void;
}) {
  const words = c().club;
  const sure = useSignal<'' | 'leave' | 'dissolve'>('');
  const { id, name, standing, shown, members } = club;
  const inside = isIn(standing);
  const gone = async (what: () => Promise<void>, said: string) => {
    if (!(await attempt(what, said))) return;
    onClose();
    go(to.clubs);
  };
  if (sure.value === 'leave') {
    return (
      <Sure
        title={words.leaveSure(name)}
        why={words.leaveWhy}
        yes={words.leaveYes}
        test="leave-club-sure"
        onYes={() => gone(() => leave(id), words.left)}
        onClose={onClose}
      />
    );
  }
  if (sure.value === 'dissolve') {
    return (
      <Sure
        title={words.dissolveSure(name)}
        why={words.dissolveWhy}
        yes={words.dissolveYes}
        test="dissolve-sure"
        onYes={() => gone(() => dissolve(id), words.dissolved)}
        onClose={onClose}
      />
    );
  }
  return (
    <Sheet labelledby="club-menu" onClose={onClose}>
      <div class="stack" data-test="club-menu-sheet">
        <SheetHead id="club-menu" onClose={onClose}>
          {words.menu}
        </SheetHead>
        <div class="stack close">
          <button
            type="button"
            class="btn w"
            onClick={() => {
              onClose();
              void share(new URL(to.club(id), location.href).href, name, words.linkCopied);
            }}
          >
            <Icon name="share-2" />
            {words.shareLink}
          </button>
          {inside && (
            <button type="button" class="btn w" onClick={onNominate}>
              <Icon name="user-plus" />
              {leads(standing) ? words.invite : words.nominate}
            </button>
          )}
          {leads(standing) && (
            <a class="btn w" href={to.editClub(id)} data-test="edit-club">
              <Icon name="settings" />
              {words.edit}
            </a>
          )}
        </div>
        {standing !== 'founder' && (
          <a class="btn w" href={to.report('club', id)} data-test="report-club">
            <Icon name="flag" />
            {t().toWardens}
          </a>
        )}
        {inside && (
          <label class="row">
            <span class="grow">
              <b>{words.shown}</b>
              <span>{words.shownWhy}</span>
            </span>
            <input
              type="checkbox"
              class="sw"
              data-test="shown"
              checked={shown}
              onChange={(event) => {
                const { currentTarget: box } = event;
                void attempt(() => setShown(id, box.checked)).then((done) => {
                  if (!done) box.checked = shown;
                });
              }}
            />
          </label>
        )}
        {inside && (
          <div class="stack close">
            {standing === 'founder' && members > 1 ? (
              <p class="meta">{words.founderStays}</p>
            ) : (
              standing !== 'founder' && (
                <button
                  type="button"
                  class="btn danger w"
                  data-test="leave-club"
                  onClick={() => (sure.value = 'leave')}
                >
                  <Icon name="log-out" />
                  {words.leave}
                </button>
              )
            )}
            {standing === 'founder' && (
              <button
                type="button"
                class="btn danger w"
                data-test="dissolve"
                onClick={() => (sure.value = 'dissolve')}
              >
                <Icon name="x" />
                {words.dissolve}
              </button>
            )}
          </div>
        )}
      </div>
    </Sheet>
  );
}
