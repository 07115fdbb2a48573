import { useSignal } from '@preact/signals';
import type { Stored, StoredClass } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { account, house } from '../../models/account.ts';
import { resource } from '../../models/resource.ts';
import { Heading } from '../../parts/heading.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { day, dayAndClock, number, t } from '../../words/index.ts';
import { keepsWords, p, size } from '../../words/people.ts';
import { EraseSheet } from './erase.tsx';

/** All that the house keeps of me, to be looked at, taken along, and erased. */
export function StoredScreen() {
  const words = p();
  const stored = useMemo(() => resource<Stored>(() => house.stored()), []);
  const erasing = useSignal(false);
  useEffect(() => void stored.refresh(), [stored]);
  return (
    <Porch>
      <BackTop up={{ href: to.settings, says: t().nav.settings }} />
      <div class="pad stack wide-gap stored">
        <div class="stack close">
          <Heading>{t().stored.title}</Heading>
          <p class="soft">{words.stored.what}</p>
        </div>
        <Loadable of={stored}>{({ classes }) => <Classes classes={classes} />}</Loadable>
        <section class="stack close">
          <h2 class="h3">{words.stored.takeTitle}</h2>
          <p class="soft">{words.stored.takeWhy}</p>
          <a class="btn ink align-start" href={house.exportURL} download data-test="export">
            <Icon name="archive" />
            {words.stored.download}
          </a>
        </section>
        <section class="stack close erase-part">
          <h2 class="h3">{words.erase.title}</h2>
          <p class="soft">{words.erase.why}</p>
          <button
            type="button"
            class="btn danger align-start"
            data-test="erase"
            onClick={() => (erasing.value = true)}
          >
            {words.erase.open}
          </button>
        </section>
      </div>
      {erasing.value && account.value.kind === 'in' && (
        <EraseSheet me={account.value.me} onClose={() => (erasing.value = false)} />
      )}
    </Porch>
  );
}

const icons: Record<string, IconName> = {
  account: 'user',
  profile: 'message',
  picture: 'smile',
  passkeys: 'fingerprint',
  key_backups: 'lock',
  talk_devices: 'lock',
  conversations: 'message',
  messages: 'message',
  recovery: 'key-round',
  sessions: 'monitor',
  invites: 'ticket',
  follows: 'users',
  followers: 'users',
  hidden: 'x',
  discovery: 'search',
  clubs: 'users',
  club_follows: 'users',
  reports_made: 'triangle-alert',
  reports_written: 'flag',
  reports_about: 'flag',
  decisions: 'id-card',
  warden: 'flag',
  rooms: 'door-open',
  plans: 'calendar',
  going: 'check',
  calendar: 'link',
  news: 'bell',
  news_settings: 'settings',
  devices: 'monitor',
  index: 'search',
  key: 'key-round',
};

function Classes({ classes }: { classes: StoredClass[] }) {
  const words = p().stored;
  const bytes = classes.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <div class="stack">
      <p class="weigh">
        <b class="num" data-test="total">
          {size(bytes)}
        </b>
        <span class="meta">{words.total}</span>
      </p>
      <ul class="list kinds">
        {classes.map((kind) => (
          <li key={kind.class}>
            <Kind kind={kind} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Kind({ kind }: { kind: StoredClass }) {
  const words = p().stored;
  const [name, what] = words.classes[kind.class] ?? [kind.class, ''];
  return (
    <details data-test={`class-${kind.class}`}>
      <summary class="row">
        <Icon name={icons[kind.class] ?? 'archive'} />
        <span class="grow">
          <b>{name}</b>
          <span>{keepsWords(kind.keeps)}</span>
        </span>
        <span class="meta num amount">
          {kind.rows === 0 ? (
            words.none
          ) : (
            <>
              {size(kind.bytes)}
              <br />
              {words.rows(kind.rows, number(kind.rows))}
            </>
          )}
        </span>
        <Icon name="chevron-down" />
      </summary>
      <div class="stack close kept-rows">
        <p class="meta">
          {what} {kind.oldest && words.oldest(day(kind.oldest))}{' '}
          {kind.until && words.until(day(kind.until))}
        </p>
        {kind.rows === 0 && <p class="meta">{words.nothing}</p>}
        {kind.more.length > 0 && (
          <ol class="stack close">
            {kind.more.map((row, n) => (
              <li key={n}>
                <Row row={row} title={words.entry(n + 1)} />
              </li>
            ))}
          </ol>
        )}
        {kind.rows > kind.more.length && kind.more.length > 0 && (
          <p class="meta">{words.first(kind.more.length, number(kind.rows))}</p>
        )}
      </div>
    </details>
  );
}

/** As it is stored: the names of the columns are those of the house. */
function Row({ row, title }: { row: Record<string, unknown>; title: string }) {
  return (
    <dl class="stored-row" aria-label={title}>
      {Object.entries(row).map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd dir="auto">{plain(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

function plain(value: unknown): string {
  const words = p().stored;
  if (value === null || value === '' || value === undefined) return words.empty;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'string') return time.test(value) ? dayAndClock(value) : value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.length === 0) return words.empty;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) {
    return value.join(', ');
  }
  return JSON.stringify(value);
}
