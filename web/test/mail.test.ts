import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { language } from '../src/models/settings.ts';
import { de, en, m } from '../src/words/mail.ts';
import { DoubleMail } from './mail.double.ts';

describe('words of mail', () => {
  beforeAll(() => {
    language.value = 'de';
  });
  afterAll(() => {
    language.value = 'en';
  });
  test('are there in both languages, each with something of its own', () => {
    expect(m()).toBe(de);
    const said = (words: typeof en) =>
      [words.sent('a@b.c'), words.codeWhy('1'), words.often('1'), words.since('1')].join();
    expect(said(en)).not.toBe(said(de));
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
    expect(Object.keys(de.choices)).toEqual(['off', 'digest', 'named']);
  });
});

describe('the double of mail', () => {
  const refuse = (code: string): never => {
    throw new Error(code);
  };
  test('plays what a node does', () => {
    const mail = new DoubleMail({ refuse });
    const ask = (method: string, path: string, body: Record<string, unknown> = {}) =>
      mail.answer(method, path.split('/'), 'ada', { body, de: false });
    expect(() => ask('PUT', 'me/address', { address: 'ada@example.org' })).toThrow('no_mail');
    mail.sends = true;
    expect(() => ask('PUT', 'me/address', { address: 'ada' })).toThrow('invalid');
    expect(() => ask('POST', 'me/address/verify', { code: '1' })).toThrow('no_code');
    ask('PUT', 'me/address', { address: 'ada@example.org' });
    for (let n = 0; n < 4; n++) {
      expect(() => ask('POST', 'me/address/verify', { code: '1' })).toThrow('wrong_code');
    }
    expect(() => ask('POST', 'me/address/verify', { code: '1' })).toThrow('no_code');
    ask('PUT', 'me/address', { address: 'ada@example.org' });
    ask('POST', 'me/address/verify', { code: mail.codes.get('ada') });
    expect(mail.all.get('ada')).toMatchObject({ address: 'ada@example.org', news: 'off' });
  });
});
