import { effect, type Signal, signal } from '@preact/signals';

/** What a person has chosen in this browser. It stays here. */

export type Language = 'en' | 'de';
export type Theme = 'auto' | 'light' | 'dark';

export const language = kept<Language>('language', preferred(), (v) => v === 'en' || v === 'de');
export const theme = kept<Theme>('theme', 'auto', (v) => ['auto', 'light', 'dark'].includes(v));
export const shortcuts = kept<'on' | 'off'>('shortcuts', 'on', (v) => v === 'on' || v === 'off');
/** MediaDeviceInfo.deviceId, or nothing for the browser's choice. */
export const microphone = kept<string>('microphone', '', () => true);

effect(() => {
  document.documentElement.lang = language.value;
});
effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === 'auto') delete dataset.theme;
  else dataset.theme = theme.value;
});

function preferred(): Language {
  const known = navigator.languages
    .map((tag) => tag.slice(0, 2))
    .find((l) => l === 'en' || l === 'de');
  return known === 'de' ? 'de' : 'en';
}

/** A signal that is the same again after the page was closed. */
function kept<T extends string>(
  name: string,
  initial: T,
  valid: (value: string) => boolean,
): Signal<T> {
  const key = `stoa.${name}`;
  const stored = localStorage.getItem(key);
  const value = signal<T>(stored !== null && valid(stored) ? (stored as T) : initial);
  effect(() => {
    if (value.value === initial) localStorage.removeItem(key);
    else localStorage.setItem(key, value.value);
  });
  return value;
}
