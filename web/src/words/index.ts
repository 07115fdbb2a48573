import type { StoaError } from '@stoa/client';
import { parts } from '../models/fence.ts';
import { language } from '../models/settings.ts';
import { de } from './de.ts';
import { en, type Words } from './en.ts';

/** The words of the app. English is the type; every other language must have the same. */

const catalogues: Record<string, Words> = { en, de };

/** The catalogue of the chosen language. A component that asks is drawn anew when it changes. */
export function t(): Words {
  return catalogues[language.value] ?? en;
}

/** What went wrong, for people: the node's own words, where it has said something. */
export function problemWords(problem: StoaError): string {
  const own: Record<string, string> = t().problems;
  return own[problem.code] ?? problem.title;
}

/** The same, where one field is filled in: what is wrong with that. */
export const fieldWords = (problem: StoaError): string =>
  problem.errors[0]?.message ?? problemWords(problem);

export const clock = (time: string) =>
  new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit' }).format(
    new Date(time),
  );

export const day = (time: string) =>
  new Intl.DateTimeFormat(language.value, { day: 'numeric', month: 'long' }).format(new Date(time));

export const month = (time: string) =>
  new Intl.DateTimeFormat(language.value, { month: 'long', year: 'numeric' }).format(
    new Date(time),
  );

export const dayAndClock = (time: string) =>
  new Intl.DateTimeFormat(language.value, { dateStyle: 'long', timeStyle: 'short' }).format(
    new Date(time),
  );

/** How long ago something was, in so many milliseconds: by five seconds. */
export function ago(time: number): string {
  const seconds = 5 * Math.round(time / 5000);
  if (seconds <= 0) return t().report.now;
  return new Intl.RelativeTimeFormat(language.value, { style: 'short' }).format(-seconds, 'second');
}

/** A number of which no more than so many were counted: "10,000+". */
export const counted = (n: number, more = false) => `${number(n)}${more ? '+' : ''}`;

export const number = (n: number) => new Intl.NumberFormat(language.value).format(n);

export const list = (items: string[]) =>
  new Intl.ListFormat(language.value, { type: 'conjunction' }).format(items);

/** A region by the name that people know it by, if there is one. */
export function regionName(name: string): string {
  try {
    const named = new Intl.DisplayNames(language.value, { type: 'region' });
    return named.of(name.toUpperCase()) ?? name;
  } catch {
    return name; // an operator's own
  }
}

/** What a fence keeps inside. */
export function fenceWords(fence: string): string {
  const { regions, operators } = parts(fence);
  const [where, by] = [list(regions.map(regionName)), list(operators)];
  const words = t().fence;
  if (!by) return words.only(where);
  return where ? words.onlyBy(where, by) : words.by(by);
}

/** The name by which somebody is called. */
export const firstName = (name: string) => name.split(' ')[0] ?? name;
