import { type OwnProfile, type ProfileChange, StoaError } from '@stoa/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { forgetProfileForm, ProfileForm, profileForm, tidy } from '../src/models/profile.ts';

/** Where a profile is kept, with the rule that only the newest version is changed. */
class Shelf {
  kept: OwnProfile = {
    name: 'Ada',
    handle: 'ada',
    pronouns: '',
    bio: '',
    links: [],
    languages: ['en'],
    interests: [],
    show_inviter: false,
    findable: false,
  };
  version = 1;
  refusal: StoaError | undefined;

  profile = async () => ({ value: this.kept, version: `"${this.version}"` });
  changeProfile = async (change: ProfileChange, version: string) => {
    if (this.refusal) throw this.refusal;
    if (version !== `"${this.version}"`) {
      throw new StoaError({ code: 'changed_meanwhile', title: '', status: 412 });
    }
    this.elsewhere(change);
    return this.profile();
  };
  /** Somebody saves something, here or elsewhere. */
  elsewhere(change: Partial<ProfileChange>) {
    this.kept = { ...this.kept, ...change };
    this.version++;
  }
}

const refused = (errors: { location: string; message: string }[]) =>
  new StoaError({ code: 'invalid', title: 'Invalid', status: 422, errors });

describe('a profile that is changed', () => {
  let shelf: Shelf;
  let form: ProfileForm;

  beforeEach(async () => {
    forgetProfileForm();
    shelf = new Shelf();
    form = new ProfileForm(shelf, await shelf.profile());
  });

  it('is saved as it is typed, without air around it', async () => {
    expect(form.changed.value).toBe(false);
    form.type({ name: ' Ada Lovelace ', handle: '@Ada_L', links: [{ url: 'ada.example' }] });
    expect(form.changed.value).toBe(true);
    expect(await form.save()).toBe('saved');
    expect(shelf.kept).toMatchObject({
      ...{ name: 'Ada Lovelace', handle: 'ada_l', links: [{ url: 'https://ada.example' }] },
    });
    expect(form.changed.value).toBe(false);
  });

  it('is not changed by what says nothing', () => {
    form.type({ name: 'Ada ', links: [{ url: ' ', text: '' }] });
    expect(form.changed.value).toBe(false);
    expect(tidy({ ...form.draft.value, bio: '\na\r\nb\n' }).bio).toBe('a\nb');
  });

  it('says at each field what is wrong with it, until that is typed anew', async () => {
    form.type({ handle: '7', links: [{ url: 'a.example' }, { url: 'http://b.example' }] });
    shelf.refusal = refused([
      { location: 'body.handle', message: 'It begins with a letter.' },
      { location: 'body.links[1].url', message: 'No https.' },
      { location: 'body.links.0.text', message: 'Too long.' },
      { location: 'body.elsewhere', message: 'Nothing of ours.' },
    ]);
    expect(await form.save()).toBe('invalid');
    expect([...form.problems.value.keys()]).toEqual(['handle', 'links[1].url', 'links[0].text']);
    form.type({ handle: 'ada7' });
    expect([...form.problems.value.keys()]).toEqual(['links[1].url', 'links[0].text']);
    form.discard();
    expect(form.problems.value.size).toBe(0);
    expect(form.draft.value.handle).toBe('ada');
  });

  it('shows a handle that is taken at the handle, with or without its place', async () => {
    form.type({ handle: 'bob' });
    shelf.refusal = new StoaError({ code: 'handle_taken', title: 'It is taken.', status: 409 });
    expect(await form.save()).toBe('invalid');
    expect(form.problems.value.get('handle')).toBe('It is taken.');
  });

  it('throws what is no field’s fault, and keeps what is typed', async () => {
    form.type({ bio: 'Counts.' });
    shelf.refusal = new StoaError({ code: 'offline', title: '', status: 0 });
    await expect(form.save()).rejects.toMatchObject({ code: 'offline' });
    expect(form.draft.value.bio).toBe('Counts.');
    expect(form.saving.value).toBe(false);
  });

  it('overwrites nothing that was not seen', async () => {
    form.type({ bio: 'Typed here.' });
    shelf.elsewhere({ bio: 'Saved elsewhere.', pronouns: 'she/her' });
    expect(await form.save()).toBe('changed_meanwhile');
    expect(shelf.kept.bio).toBe('Saved elsewhere.');
    // What is typed stays; what was not touched follows.
    expect(form.draft.value).toMatchObject({ bio: 'Typed here.', pronouns: 'she/her' });
    expect([...form.newer.value]).toEqual(['bio']);
    expect(form.base.value.bio).toBe('Saved elsewhere.');
    expect(await form.save()).toBe('saved');
    expect(shelf.kept).toMatchObject({ bio: 'Typed here.', pronouns: 'she/her' });
    expect(form.newer.value.size).toBe(0);
  });

  it('takes what was saved elsewhere, where one wants that', async () => {
    form.type({ bio: 'Typed here.' });
    shelf.elsewhere({ bio: 'Saved elsewhere.' });
    await form.save();
    form.take('bio');
    expect(form.draft.value.bio).toBe('Saved elsewhere.');
    expect(form.newer.value.size).toBe(0);
    expect(form.changed.value).toBe(false);
  });

  it('keeps what is typed while it is being saved', async () => {
    form.type({ bio: 'One.' });
    const saving = form.save();
    form.type({ bio: 'One. Two.' });
    expect(await saving).toBe('saved');
    expect(shelf.kept.bio).toBe('One.');
    expect(form.draft.value.bio).toBe('One. Two.');
    expect(form.changed.value).toBe(true);
  });

  it('waits for whoever comes back, and for nobody else', async () => {
    const first = await profileForm('ada', shelf);
    first.type({ bio: 'Not saved yet.' });
    shelf.elsewhere({ pronouns: 'she/her' });
    const again = await profileForm('ada', shelf);
    expect(again).toBe(first);
    expect(again.draft.value).toMatchObject({ bio: 'Not saved yet.', pronouns: 'she/her' });
    expect((await profileForm('bo', shelf)).draft.value.bio).toBe('');
  });
});
