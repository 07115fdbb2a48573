import { describe, expectTypeOf, it } from 'vitest';
import type { components } from '../src/api.d.ts';
import type {
  Cut,
  Entered,
  Events,
  Notice,
  Participant,
  Reply,
  Requests,
  View,
  Voices,
} from '../src/protocol.ts';

type Bodies = components['schemas'];
type Names<T, Less = never> = Exclude<keyof T, Less>;

// The node's document says `string` where the library says which strings, so
// the types are not the same; but nothing may be missing from either. The
// compiler judges; run, this says nothing.
describe('what is said on the wire', () => {
  it('has the same names in the library and in the document of the node', () => {
    expectTypeOf<Names<Requests>>().toEqualTypeOf<Names<Bodies['SignalRequest'], 'id'>>();
    expectTypeOf<Names<Events>>().toEqualTypeOf<Names<Bodies['Event'], 'seq' | 'room'>>();
    expectTypeOf<Names<Reply>>().toEqualTypeOf<Names<Bodies['SignalReply']>>();
    expectTypeOf<Names<Notice>>().toEqualTypeOf<Names<Bodies['SignalNotice']>>();
    expectTypeOf<Names<Entered>>().toEqualTypeOf<Names<Bodies['SignalEntered']>>();
    expectTypeOf<Names<Voices>>().toEqualTypeOf<Names<Bodies['SignalVoices']>>();
    expectTypeOf<Names<Cut>>().toEqualTypeOf<Names<Bodies['SignalCut']>>();
    expectTypeOf<Names<View>>().toEqualTypeOf<Names<Bodies['RoomView']>>();
    expectTypeOf<Names<Participant>>().toEqualTypeOf<Names<Bodies['RoomParticipant']>>();
  });
});
