import type { Card, CardWhy, Choice } from '@stoa/client';
import { languageName } from '../words/form.ts';
import { list } from '../words/index.ts';
import { topicName, tw } from '../words/topics.ts';

/** Why a room is shown, and what one may choose of the hallway. */

/** A reason in words; nothing for one that a later version has added. */
export function because(why: CardWhy): string {
  const words = tw().because;
  switch (why.kind) {
    case 'followed':
    case 'blocked':
      return words[why.kind](list(why.people ?? []));
    case 'club':
    case 'club_follow':
      return why.club ? words[why.kind](why.club.name) : '';
    case 'topic':
      return words.topic(topicName(why.topic ?? ''));
    case 'language':
      return words.language(languageName(why.language ?? ''));
    case 'invited':
    case 'lively':
    case 'fresh':
      return words[why.kind]();
    default:
      return '';
  }
}

export interface Chip {
  name: string;
  /** What is chosen when it is pressed. */
  choice: Choice;
  on: boolean;
}

/** How many chips there are of each kind, beside those that are pressed. */
const most = 4;

/** What one may choose among these rooms: whom one follows, languages, topics and clubs. */
export function chips(cards: readonly Card[], chosen: Choice): Chip[] {
  const some = <K extends 'language' | 'topic' | 'club'>(
    kind: K,
    of: (card: Card) => readonly string[],
    name: (value: string) => string,
  ): Chip[] => {
    const counts = new Map<string, number>();
    for (const card of cards) {
      for (const value of of(card)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    // What all rooms are would not choose anything.
    const values = [...counts]
      .filter(([, n]) => n < cards.length)
      .sort(([a, n], [b, m]) => m - n || a.localeCompare(b))
      .slice(0, most)
      .map(([value]) => value);
    const now = chosen[kind];
    if (now && !values.includes(now)) values.unshift(now);
    return values.map((value) => {
      const on = value === now;
      const { [kind]: _, ...rest } = chosen;
      return { name: name(value), on, choice: on ? rest : { ...rest, [kind]: value } };
    });
  };
  const { followed, ...rest } = chosen;
  const follow = cards.some((card) => card.stage.some((p) => p.followed));
  const clubs = new Map(cards.flatMap(({ club }) => (club ? [[club.id, club.name]] : [])));
  return [
    ...(follow || followed
      ? [
          {
            name: tw().followed,
            on: followed === true,
            choice: followed ? rest : { ...rest, followed: true },
          },
        ]
      : []),
    ...some('topic', (card) => card.topics ?? [], topicName),
    ...some(
      'language',
      ({ language }) => (language ? [language.split('-')[0] ?? language] : []),
      languageName,
    ),
    ...some(
      'club',
      ({ club }) => (club ? [club.id] : []),
      (id) => clubs.get(id) ?? '…',
    ),
  ];
}
