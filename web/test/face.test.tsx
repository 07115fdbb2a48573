import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Face } from '../src/parts/face.tsx';

const version = '0123456789abcdef';
let place: HTMLElement;

beforeEach(() => {
  place = document.createElement('div');
  document.body.append(place);
});
afterEach(() => {
  render(null, place);
  place.remove();
  vi.unstubAllGlobals();
});
const show = (picture: string | undefined, size: number, id = 'ada') =>
  act(() => render(<Face id={id} name="Ada Lovelace" picture={picture} size={size} />, place));
const image = () => place.querySelector('img');
const initials = () => place.querySelector('b')?.textContent;

it('without a picture, a face has initials', async () => {
  await show(undefined, 40);
  expect(image()).toBeNull();
  expect(initials()).toBe('AL');
});

it('a picture says nothing beside the name, and covers the initials when it is there', async () => {
  await show(version, 40);
  expect(image()?.alt).toBe('');
  expect(image()?.src).toContain(`/api/v1/people/ada/picture/small?v=${version}`);
  expect(initials()).toBe('AL');
  await act(() => void image()?.dispatchEvent(new Event('load')));
  expect(initials()).toBeUndefined();
  // Once at hand, it is there at once.
  render(null, place);
  await show(version, 40);
  expect(initials()).toBeUndefined();
});

it('the large one is for large faces, and for fine screens', async () => {
  await show(version, 160);
  expect(image()?.src).toContain('/small?');
  await show(version, 161);
  expect(image()?.src).toContain('/large?');
  vi.stubGlobal('devicePixelRatio', 3);
  render(null, place);
  await show(version, 56);
  expect(image()?.src).toContain('/large?');
});

it('a picture that does not come leaves the initials', async () => {
  await show(version, 40, 'bo');
  await act(() => void image()?.dispatchEvent(new Event('error')));
  expect(image()).toBeNull();
  expect(initials()).toBe('AL');
});
