import { language } from '../models/settings.ts';
import { spoken } from './spoken.ts';

/** The words of every form that is saved as a whole. They are loaded with the first of them. */

export const en = {
  left: (n: number) =>
    n < 0
      ? `${-n} ${n === -1 ? 'character' : 'characters'} too many`
      : `${n} ${n === 1 ? 'character' : 'characters'} left`,
  optional: 'may stay empty',
  save: 'Save',
  saving: 'Saving',
  saved: 'Saved.',
  discard: 'Discard changes',
  unsaved: 'There are changes you have not saved.',
  wrong: (n: number) =>
    n === 1 ? 'One field needs another look.' : `${n} fields need another look.`,
  elsewhere: (value: string) => `Saved elsewhere: ${value}`,
  elsewhereNothing: 'Emptied elsewhere',
  elsewhereOn: 'Turned on elsewhere',
  elsewhereOff: 'Turned off elsewhere',
  take: 'Take that',
};

export type FormWords = typeof en;

export const de: FormWords = {
  left: (n) => (n < 0 ? `${-n} Zeichen zu viel` : `Noch ${n} Zeichen`),
  optional: 'darf leer bleiben',
  save: 'Speichern',
  saving: 'Wird gespeichert',
  saved: 'Gespeichert.',
  discard: 'Änderungen verwerfen',
  unsaved: 'Hier ist etwas geändert und noch nicht gespeichert.',
  wrong: (n) =>
    n === 1 ? 'Schau dir ein Feld noch einmal an.' : `Schau dir ${n} Felder noch einmal an.`,
  elsewhere: (value) => `Anderswo gespeichert: ${value}`,
  elsewhereNothing: 'Anderswo geleert',
  elsewhereOn: 'Anderswo eingeschaltet',
  elsewhereOff: 'Anderswo ausgeschaltet',
  take: 'Das nehmen',
};

const catalogues: Record<string, FormWords> = { en, de };

/** The catalogue of the chosen language. */
export function f(): FormWords {
  return catalogues[language.value] ?? en;
}

/** The languages to choose among, with the one that is chosen, by their names. */
export function languages(value = ''): (readonly [tag: string, name: string])[] {
  return [...new Set([...spoken, ...(value ? [value] : [])])]
    .map((tag) => [tag, languageName(tag)] as const)
    .sort(([, a], [, b]) => a.localeCompare(b, language.value));
}

/** A language by the name that people know it by, if there is one. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(language.value, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
