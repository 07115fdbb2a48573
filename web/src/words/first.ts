import { language } from '../models/settings.ts';

/** The words for the first steps in the house. */

const en = {
  title: (name: string) => `Welcome, ${name}.`,
  what: 'A few things that make the house yours. Skip what you like: all of it is in your profile later.',
  interests: 'What do you like to hear about?',
  interestsWhy:
    'Rooms about it stand further up in your hallway. Nobody else sees what you choose.',
  enough: 'That is ten. Take one away to choose another.',
  knows: 'You know somebody here',
  invited: (name: string) =>
    `${name} invited you. If you follow them, you see the rooms they are in.`,
  telling: 'When something happens',
  tellingWhy: 'Your browser can tell you while the app is closed: by your hours, and not often.',
  tellingHow: 'Choose how you are told',
  done: 'Done, to the hallway',
  later: 'Not now',
};

export type FirstWords = typeof en;

const de: FirstWords = {
  title: (name) => `Willkommen, ${name}.`,
  what: 'Ein paar Dinge, die das Haus zu deinem machen. Lass aus, was du magst: Alles steht später auch in deinem Profil.',
  interests: 'Worüber hörst du gern etwas?',
  interestsWhy:
    'Räume dazu stehen in deinem Flur weiter oben. Niemand sonst sieht, was du auswählst.',
  enough: 'Das sind zehn. Nimm eines weg, um ein anderes zu wählen.',
  knows: 'Du kennst schon jemanden hier',
  invited: (name) =>
    `${name} hat dich eingeladen. Wenn du folgst, siehst du, in welchen Räumen ${name} ist.`,
  telling: 'Wenn etwas passiert',
  tellingWhy:
    'Dein Browser kann dir Bescheid geben, wenn die App zu ist: zu deinen Zeiten und nicht oft.',
  tellingHow: 'Wähle, wie du Bescheid bekommst',
  done: 'Fertig, in den Flur',
  later: 'Jetzt nicht',
};

/** The words in the language that is chosen. */
export const first = (): FirstWords => (language.value === 'de' ? de : en);
