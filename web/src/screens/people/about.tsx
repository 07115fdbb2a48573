import { hostOf, type SelfSaid } from '@stoa/client';
import { Face } from '../../parts/face.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { to } from '../../router.ts';
import { languageName } from '../../words/form.ts';
import { counted, firstName, list, month, number } from '../../words/index.ts';
import { p as w } from '../../words/people.ts';

/** Somebody as others see them, also while it is being written. */
export interface Shown extends SelfSaid {
  id: string;
  name: string;
  handle?: string;
  picture?: string;
  since: string;
  following?: number;
  followers?: number;
  more_followers?: boolean;
  invited_by?: { id: string; name: string };
}

/** The face, and by what somebody is called. `preview` is no screen's heading. */
export function Bearing({
  person: { id, name, handle, picture, pronouns },
  note,
  preview,
}: {
  person: Shown;
  note?: string;
  preview?: boolean;
}) {
  return (
    <div class="flex portrait">
      <Face id={id} name={name} picture={picture} size={112} />
      <div class="grow stack called">
        {preview ? (
          <p class="say h2" dir="auto">
            {name}
          </p>
        ) : (
          <Heading small>{name}</Heading>
        )}
        {(handle || pronouns) && (
          <p class="known-by">
            {handle && <span>@{handle}</span>}
            {handle && pronouns && ' · '}
            {pronouns && <bdi>{pronouns}</bdi>}
          </p>
        )}
        {note && <p class="meta">{note}</p>}
      </div>
    </div>
  );
}

/** What somebody says of themselves, and what the house says of them. */
export function About({ person }: { person: Shown }) {
  const words = w().person;
  const {
    name,
    bio,
    links = [],
    languages = [],
    since,
    following,
    followers,
    more_followers,
  } = person;
  const by = person.invited_by;
  return (
    <>
      {bio && (
        <p class="bio" dir="auto" data-test="bio">
          {bio}
        </p>
      )}
      {links.length > 0 && (
        <ul class="list own-links" aria-label={words.links}>
          {links.map(({ url, text }) => (
            <li key={url}>
              <Link url={url} text={text ?? ''} />
            </li>
          ))}
        </ul>
      )}
      {followers !== undefined && following !== undefined && (
        <dl class="figures">
          <div>
            <dt>{words.followers(followers, firstName(name))}</dt>
            <dd class="num" data-test="followers">
              {counted(followers, more_followers)}
            </dd>
          </div>
          <div>
            <dt>{words.following(firstName(name))}</dt>
            <dd class="num">{number(following)}</dd>
          </div>
        </dl>
      )}
      <div class="stack tight">
        {languages.length > 0 && (
          <p class="meta flex">
            <Icon name="message" />
            <span data-test="languages">{words.speaks(list(languages.map(languageName)))}</span>
          </p>
        )}
        <p class="meta flex">
          <Icon name="door-open" />
          <span data-test="since">
            {by ? (
              <>
                {words.sinceBy(month(since))}
                <a href={to.person(by.id)}>{by.name}</a>
              </>
            ) : (
              words.since(month(since))
            )}
          </span>
        </p>
      </div>
    </>
  );
}

/** Nothing of it is fetched before it is pressed, and then nothing is told of where from. */
function Link({ url, text }: { url: string; text: string }) {
  const host = hostOf(url);
  const inside = (
    <>
      <Icon name="link" />
      <span class="grow">
        {text && <b dir="auto">{text}</b>}
        <span>{host ?? url}</span>
      </span>
    </>
  );
  if (!host) return <span class="row">{inside}</span>;
  return (
    <a
      class="row"
      href={url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      referrerpolicy="no-referrer"
    >
      {inside}
      <span class="vh">, {w().person.opens}</span>
    </a>
  );
}
