import { useSignal } from '@preact/signals';
import type { Invite, Invites } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { account, seen } from '../models/account.ts';
import { giveInvite, invites, takeBack } from '../models/invites.ts';
import { say } from '../models/notices.ts';
import { ready } from '../models/resource.ts';
import { TicketPorch } from '../parts/brand.tsx';
import { Face } from '../parts/face.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { share } from '../parts/share.ts';
import { BackTop, Porch } from '../parts/shell.tsx';
import { to } from '../router.ts';
import { day, problemWords, t } from '../words/index.ts';

/** The tickets one may give away, and what has become of the others. */
export function InvitesScreen() {
  useEffect(() => void invites.refresh(), []);
  const had = ready(invites.shown.value);
  const given = had && had.invites.length > 0 && <Given invites={had.invites} />;
  return (
    <Porch aside={<div class="pad">{given}</div>}>
      <BackTop />
      <div class="pad stack roomy">
        <Loadable of={invites}>{(value) => <Tickets invites={value} />}</Loadable>
        <div class="only-phone">{given}</div>
      </div>
    </Porch>
  );
}

function Tickets({ invites: { left, next } }: { invites: Invites }) {
  const words = t().invites;
  const busy = useSignal(false);
  const give = async () => {
    busy.value = true;
    try {
      const invite = await giveInvite();
      if (invite.url) await share(invite.url, words.shareText, words.copied);
    } catch (thrown) {
      say(problemWords(seen(thrown)));
    } finally {
      busy.value = false;
    }
  };
  return (
    <>
      <div class="stack close">
        <h1 tabIndex={-1}>{words.heading(left)}</h1>
        <p class="soft">{left > 0 ? words.what : words.nothing}</p>
        {next && <p class="soft">{words.next(day(next))}</p>}
      </div>
      {left > 0 && (
        <>
          <div class="pair narrow">
            <Ticket say={words.forListener} />
            {left > 1 && <Ticket say={words.forLaughter} alt />}
          </div>
          <button
            type="button"
            class="btn live narrow"
            data-test="give-invite"
            disabled={busy.value}
            onClick={() => void give()}
          >
            <Icon name="share-2" />
            {words.give}
          </button>
        </>
      )}
    </>
  );
}

function Ticket({ say: words, alt }: { say: string; alt?: boolean }) {
  const name = account.value.kind === 'in' ? account.value.me.name : '';
  return (
    <article class={alt ? 'ticket alt' : 'ticket'}>
      <div>
        <span class="eyebrow">{t().invites.admit}</span>
        <span class="say">{words}</span>
        <span class="meta">{t().invites.fromMe(name)}</span>
      </div>
      <div class="stub">
        <TicketPorch />
      </div>
    </article>
  );
}

function Given({ invites: given }: { invites: Invite[] }) {
  return (
    <section>
      <h2 class="sub bare-sub">{t().invites.given}</h2>
      <ul class="list">
        {given.map((invite) => (
          <li key={invite.id} data-test={`invite-${invite.state}`}>
            {invite.used_by ? (
              <a class="row" href={to.person(invite.used_by.id)}>
                <Face
                  id={invite.used_by.id}
                  name={invite.used_by.name}
                  picture={invite.used_by.picture}
                  size={44}
                />
                <span class="grow">
                  <b>{invite.used_by.name}</b>
                  <span>{t().invites.usedBy}</span>
                </span>
              </a>
            ) : (
              <Unused invite={invite} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Unused({ invite }: { invite: Invite }) {
  const words = t().invites;
  const busy = useSignal(false);
  const { url } = invite;
  const back = async () => {
    busy.value = true;
    try {
      await takeBack(invite);
    } catch (thrown) {
      say(problemWords(seen(thrown)));
      busy.value = false;
    }
  };
  const until = invite.state === 'open' ? ` · ${words.until(day(invite.expires))}` : '';
  return (
    <div class="stack close unused">
      <div class="row">
        <span class="av blank">
          <b aria-hidden="true">?</b>
        </span>
        <span class="grow">
          <b>{words.state[invite.state]}</b>
          {url && <span class="link num">{url}</span>}
          <span>{until.slice(3)}</span>
        </span>
      </div>
      {invite.state === 'open' && (
        <div class="flex wrap">
          {url && (
            <button
              type="button"
              class="btn s"
              data-test="share-invite"
              onClick={() => void share(url, words.shareText, words.copied)}
            >
              <Icon name="copy" />
              {t().share}
            </button>
          )}
          <button
            type="button"
            class="btn s"
            data-test="take-back"
            disabled={busy.value}
            onClick={() => void back()}
          >
            {words.takeBack}
          </button>
        </div>
      )}
    </div>
  );
}
