// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { spoken, typesOf } from '../src/answer.ts';

const section = (mid: string, types = '111 63', more: string[] = []) =>
  [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${types}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    'a=rtpmap:111 opus/48000/2',
    ...(types.includes('63') ? ['a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111'] : []),
    ...more,
    '',
  ].join('\r\n');
const session = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n';

describe('an answer', () => {
  it('says by which types the microphone may send', () => {
    const both = { opus: 111, red: 63 };
    expect(typesOf(session + section('0') + section('1'))).toEqual(both);
    expect(typesOf(session + section('0', '111') + section('1')).red).toBeUndefined();
  });

  it('is applied with RED first and the length of frames, in the first section alone', () => {
    const answer = session + section('0') + section('1');
    expect(spoken(answer, { frameMS: 40, even: false }, 63)).toBe(
      session + section('0', '63 111', ['a=ptime:40']) + section('1'),
    );
  });

  it('is applied with Opus first where there is no RED', () => {
    const answer = session + section('0', '111') + section('1');
    expect(spoken(answer, { frameMS: 20, even: false }, undefined)).toBe(
      session + section('0', '111', ['a=ptime:20']) + section('1'),
    );
  });

  it('is applied anew with another length, and only that', () => {
    const answer = session + section('0', '111 63', ['a=maxptime:60']) + section('1');
    expect(
      spoken(spoken(answer, { frameMS: 60, even: false }, 63), { frameMS: 20, even: false }, 63),
    ).toBe(spoken(answer, { frameMS: 20, even: false }, 63));
  });

  it('is applied without pauses and lengths where packets are to tell nothing', () => {
    const dtx = ['a=fmtp:111 usedtx=1;stereo=0'];
    const even = ['a=fmtp:111 usedtx=0;cbr=1;stereo=0', 'a=ptime:20'];
    const answer = session + section('0', '111', dtx) + section('1', '111', dtx);
    expect(spoken(answer, { frameMS: 20, even: true }, undefined)).toBe(
      session + section('0', '111', even) + section('1', '111', dtx),
    );
  });
});
