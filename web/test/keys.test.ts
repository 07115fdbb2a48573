import { signal } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startKeys } from '../src/models/keys.ts';
import { shortcuts } from '../src/models/settings.ts';
import { closeSheet, sheet } from '../src/models/stage.ts';
import { visit } from '../src/models/visit.ts';

const press = (key: string, on: EventTarget = document.body, more: KeyboardEventInit = {}) =>
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
const letGo = (key: string) => document.dispatchEvent(new KeyboardEvent('keyup', { key }));

describe('the keys of a room', () => {
  const unmute = vi.fn(async () => {});
  const mute = vi.fn(async () => {});
  let stop: () => void;

  beforeEach(() => {
    const me = { who: 'me', name: 'Me', role: 'speaker', muted: true, followed: false, entered: 1 };
    const seat = { me: signal(me), onAir: signal(false), unmute, mute };
    visit.value = { kind: 'here', room: 'r', seat: seat as unknown as Seat };
    stop = startKeys();
  });
  afterEach(() => {
    stop();
    closeSheet();
    shortcuts.value = 'on';
    visit.value = { kind: 'none' };
    vi.clearAllMocks();
    document.body.replaceChildren();
  });

  it('open the microphone while the space bar is held', () => {
    press(' ');
    expect(unmute).toHaveBeenCalledOnce();
    press(' ', document.body, { repeat: true });
    expect(unmute).toHaveBeenCalledOnce();
    letGo(' ');
    expect(mute).toHaveBeenCalledOnce();
  });

  it('close it when the window is left with the bar held', () => {
    press(' ');
    window.dispatchEvent(new Event('blur'));
    expect(mute).toHaveBeenCalledOnce();
  });

  it('leave the space bar to a button that has the focus', () => {
    const button = document.body.appendChild(document.createElement('button'));
    press(' ', button);
    expect(unmute).not.toHaveBeenCalled();
  });

  it.each(['input', 'textarea', 'select'])('are letters in a field (%s)', (field) => {
    const element = document.body.appendChild(document.createElement(field));
    press('?', element);
    press('m', element);
    expect(sheet.value.kind).toBe('none');
    expect(unmute).not.toHaveBeenCalled();
  });

  it('belong to the browser with a modifier', () => {
    press('l', document.body, { ctrlKey: true });
    expect(sheet.value.kind).toBe('none');
  });

  it('can be turned off', () => {
    shortcuts.value = 'off';
    press('l');
    expect(sheet.value.kind).toBe('none');
    shortcuts.value = 'on';
    press('l');
    expect(sheet.value.kind).toBe('leaving');
  });

  it('do nothing outside of rooms', () => {
    visit.value = { kind: 'none' };
    press('?');
    expect(sheet.value.kind).toBe('none');
  });

  it('go to where one writes, or open the chat, and react', () => {
    const pressed = vi.fn();
    const make = (kind: 'button' | 'textarea', test: string) => {
      const element = document.createElement(kind);
      element.dataset.test = test;
      element.checkVisibility = () => !element.hidden;
      element.addEventListener('click', () => pressed(test));
      document.body.append(element);
      return element;
    };
    const [write] = [make('textarea', 'write'), make('button', 'chat'), make('button', 'react')];
    press('c');
    expect(document.activeElement).toBe(write);
    write.blur();
    write.hidden = true;
    press('c');
    press('r');
    expect(pressed.mock.calls).toEqual([['chat'], ['react']]);
    press('r', write); // it is a letter there
    expect(pressed).toHaveBeenCalledTimes(2);
  });
});
