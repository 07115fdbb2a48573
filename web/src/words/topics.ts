import { language } from '../models/settings.ts';

/** The words for topics, and for why a room is shown. They are loaded after the hallway. */

export const en = {
  topics: {
    art: 'Art',
    books: 'Books',
    business: 'Business',
    climate: 'Climate',
    education: 'Education',
    family: 'Family',
    film: 'Film',
    food: 'Food',
    games: 'Games',
    health: 'Health',
    history: 'History',
    hobbies: 'Hobbies',
    languages: 'Languages',
    local: 'Around here',
    music: 'Music',
    nature: 'Nature',
    philosophy: 'Philosophy',
    politics: 'Politics',
    religion: 'Religion',
    science: 'Science',
    society: 'Society',
    sport: 'Sport',
    technology: 'Technology',
    travel: 'Travel',
  },
  of: 'Topics',
  why: 'Up to three. Rooms are found by them, and stand further up for those who like them.',
  add: 'Add a topic',
  drop: (topic: string) => `Take ${topic} away`,
  interests: 'What are you interested in?',
  interestsWhy: 'Up to ten. Rooms about it stand further up in your hallway. Nobody else sees it.',
  language: 'Language',
  noLanguage: 'None in particular',
  because: {
    followed: (names: string) => `You follow ${names}`,
    invited: () => 'You are let in',
    club: (club: string) => `Of your club ${club}`,
    club_follow: (club: string) => `Of ${club}, which you follow`,
    topic: (topic: string) => `About ${topic}, which you like`,
    language: (tongue: string) => `In ${tongue}, which you speak`,
    lively: () => 'Lively right now',
    fresh: () => 'Just opened',
    blocked: (names: string) => `${names} is on the stage, whom you have blocked`,
  },
  others: 'Why here? Also:',
  show: 'What to show',
  followed: 'People I follow',
  nothing: 'Nothing like that is open right now.',
  all: 'Show all',
  more: (n: number, text: string) =>
    n === 1 ? 'One more room is open.' : `${text} more rooms are open. Choose, or search.`,
};

export type TopicWords = typeof en;
export type Topic = keyof TopicWords['topics'];

export const de: TopicWords = {
  topics: {
    art: 'Kunst',
    books: 'Bücher',
    business: 'Wirtschaft',
    climate: 'Klima',
    education: 'Bildung',
    family: 'Familie',
    film: 'Film',
    food: 'Essen',
    games: 'Spiele',
    health: 'Gesundheit',
    history: 'Geschichte',
    hobbies: 'Hobbys',
    languages: 'Sprachen',
    local: 'Von hier',
    music: 'Musik',
    nature: 'Natur',
    philosophy: 'Philosophie',
    politics: 'Politik',
    religion: 'Religion',
    science: 'Wissenschaft',
    society: 'Gesellschaft',
    sport: 'Sport',
    technology: 'Technik',
    travel: 'Reisen',
  },
  of: 'Themen',
  why: 'Bis zu drei. Daran wird der Raum gefunden, und er steht weiter oben bei denen, die sie mögen.',
  add: 'Thema hinzufügen',
  drop: (topic) => `${topic} wegnehmen`,
  interests: 'Was interessiert dich?',
  interestsWhy:
    'Bis zu zehn. Räume darüber stehen bei dir weiter oben. Niemand sonst sieht, was du wählst.',
  language: 'Sprache',
  noLanguage: 'Keine bestimmte',
  because: {
    followed: (names) => `Du folgst ${names}`,
    invited: () => 'Du bist reingelassen',
    club: (club) => `Aus deinem Club ${club}`,
    club_follow: (club) => `Aus ${club}, dem du folgst`,
    topic: (topic) => `Dein Thema: ${topic}`,
    language: (tongue) => `Deine Sprache: ${tongue}`,
    lively: () => 'Hier ist gerade viel los',
    fresh: () => 'Eben erst geöffnet',
    blocked: (names) => `Auf der Bühne, von dir blockiert: ${names}`,
  },
  others: 'Warum hier? Außerdem:',
  show: 'Was gezeigt wird',
  followed: 'Wem ich folge',
  nothing: 'So etwas ist gerade nicht offen.',
  all: 'Alle zeigen',
  more: (n, text) =>
    n === 1
      ? 'Ein weiterer Raum ist offen.'
      : `${text} weitere Räume sind offen. Wähle aus oder suche.`,
};

const catalogues: Record<string, TopicWords> = { en, de };

/** The catalogue of the chosen language. */
export function tw(): TopicWords {
  return catalogues[language.value] ?? en;
}

/** A topic by its name; one that a later version has added by its slug. */
export function topicName(topic: string): string {
  const names: Record<string, string> = tw().topics;
  return names[topic] ?? topic;
}

/** All topics, in the order of their names. */
export const topicsByName = () =>
  Object.keys(tw().topics)
    .map((topic) => [topic, topicName(topic)] as const)
    .sort(([, a], [, b]) => a.localeCompare(b, document.documentElement.lang));
