import { expect, it } from 'vitest';
import { read, written } from '../src/models/find.ts';

it('reads what is typed or pasted, and says what it does not understand', () => {
  expect(read('@Ada, bo@Example.org\ncyy; @ada\n\n 0170 1234567 \n,')).toEqual({
    identifiers: ['handle:ada', 'mail:bo@example.org', 'handle:cyy'],
    wrong: ['0170 1234567'],
  });
  expect(read(' \n')).toEqual({ identifiers: [], wrong: [] });
  // What is kept is read as it is written.
  const some = ['handle:ada', 'mail:bo@example.org'];
  expect(read(some.map(written).join('\n')).identifiers).toEqual(some);
});
